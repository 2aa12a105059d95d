import type { AgentsDto } from '@mesh/contracts';
import { useMemo } from 'react';
import { CallPicture } from './CallPicture.js';
import { callGraph } from './call-graph.js';
import styles from './Calls.module.css';

/** Who may call whom, and what for. */
export function Calls({ agents, edges }: Pick<AgentsDto, 'agents' | 'edges'>) {
  const text = JSON.stringify([agents.map(({ name }) => name), edges]);
  const graph = useMemo(() => {
    const [names, calls] = JSON.parse(text) as [string[], AgentsDto['edges']];
    return callGraph(names, calls);
  }, [text]);
  return (
    <section aria-labelledby="calls">
      <h2 id="calls">Who may call whom</h2>
      <p className={styles.lead}>
        By each agent’s own file; whoever is not named is refused. A solid line is a call on a
        person’s behalf, a dashed one the agents’ own business.
      </p>
      <div className={styles.columns}>
        <CallPicture graph={graph} />
        <ol className={styles.list}>
          {graph.calls.map(({ caller, agent, actions }) => (
            <li key={`${caller} ${agent}`}>
              <strong>{caller}</strong> may call <strong>{agent}</strong> for{' '}
              {actions.map(({ name, delegated }, index) => (
                <span key={name}>
                  {index > 0 && ', '}
                  <code>{name}</code>
                  {delegated && ' (for a person)'}
                </span>
              ))}
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}
