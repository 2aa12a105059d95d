import type { ViewNode } from '../proof/verifier.js';
import { leftTheMesh, usedModel } from './left-the-mesh.js';
import styles from './LeftTheMesh.module.css';

const number = new Intl.NumberFormat('en');

/** What left the mesh for the answer, by agent, as each signed it. */
export function LeftTheMesh({ nodes }: { nodes: readonly ViewNode[] }) {
  const outgoing = leftTheMesh(nodes);
  return (
    <>
      <h3>What left the mesh</h3>
      {outgoing.length === 0 ? (
        <p className={styles.nothing}>
          Nothing left the mesh for this answer: no agent signed that it called a host outside.
        </p>
      ) : (
        <ul className={styles.agents}>
          {outgoing.map(({ agent, spiffeId, hosts, models }) => (
            <li key={spiffeId}>
              <p className={styles.agent} title={spiffeId}>
                {agent} sent
              </p>
              <ul>
                {hosts.map(({ host, bytes }) => (
                  <li key={host}>
                    {number.format(bytes)} bytes to <bdi className="identifier">{host}</bdi>
                  </li>
                ))}
                {models.map(({ provider, name, tokens }) => (
                  <li key={`${provider} ${name}`}>
                    to the model <bdi className="identifier">{name}</bdi> of {provider}
                    {tokens
                      ? `: ${number.format(tokens.input)} tokens in, ${number.format(tokens.output)} tokens out`
                      : ', which told no count of tokens'}
                  </li>
                ))}
              </ul>
            </li>
          ))}
        </ul>
      )}
      {!usedModel(nodes) && (
        <p className={styles.nothing}>
          No language model was used: the sentences were picked from the sources.
        </p>
      )}
    </>
  );
}
