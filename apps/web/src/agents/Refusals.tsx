import type { AgentStateDto } from '@mesh/contracts';
import { errorEntry } from '@mesh/errors';
import { Identifier } from '../shell/Identifier.js';
import styles from './Refusals.module.css';
import { lastRefusals } from './last-refusals.js';

/** Calls that were refused lately, newest first, and why. */
export function Refusals({ agents }: { agents: readonly AgentStateDto[] }) {
  const { refusals, reasons } = lastRefusals(agents);
  return (
    <section aria-labelledby="refusals">
      <h2 id="refusals">Last refused calls</h2>
      {refusals.length === 0 ? (
        <p className={styles.none}>Nobody was refused lately.</p>
      ) : (
        <>
          <ul className={styles.reasons}>
            {reasons.map(({ code, count }) => (
              <li key={code}>
                <strong>{count}×</strong> {errorEntry(code)?.title ?? code}
              </li>
            ))}
          </ul>
          <div
            className={styles.scroll}
            tabIndex={0}
            role="region"
            aria-label="Table of refused calls"
          >
            <table>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Refused by</th>
                  <th scope="col">Reason</th>
                  <th scope="col">Route</th>
                  <th scope="col">Caller</th>
                  <th scope="col">Correlation ID</th>
                </tr>
              </thead>
              <tbody>
                {refusals.map(({ agent, at, code, route, peer, correlationId }, index) => (
                  <tr key={`${agent} ${at} ${index}`}>
                    <td>
                      <time dateTime={at}>{new Date(at).toLocaleTimeString()}</time>
                    </td>
                    <td>{agent}</td>
                    <td className="identifier">{code}</td>
                    <td className="identifier">{route ?? '–'}</td>
                    <td>{peer ? <Identifier>{peer}</Identifier> : '–'}</td>
                    <td className="identifier">{correlationId ?? '–'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}
