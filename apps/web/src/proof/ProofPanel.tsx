import { Button } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import IconCopy from '@tabler/icons-react/icons/IconCopy';
import { useId, useState } from 'react';
import { visibleText } from '../answer/visible-text.js';
import { Notice } from '../shell/Notice.js';
import { factsOf, titleOf } from './facts.js';
import type { Item } from './layout.js';
import { ProofGraph } from './ProofGraph.js';
import styles from './ProofPanel.module.css';
import { verdictLine } from './verdict.js';
import type { VerifiedView } from './view.js';

interface Props {
  view: VerifiedView;
  /** Who is signed in here; left out, the person is named by the pseudonym that was signed. */
  account?: string;
}

/** Who wrote the answer, for whom and from what, and what that proves. */
export function ProofPanel({ view, account }: Props) {
  const [selected, setSelected] = useState<Item>();
  const [now] = useState(() => new Date());
  const details = useId();
  return (
    <section
      className={styles.proof}
      aria-labelledby="proof-heading"
      onKeyDown={({ key }) => key === 'Escape' && setSelected(undefined)}
    >
      <h2 id="proof-heading">Proof</h2>
      <Notice
        tone={view.verdict === 'valid' ? 'verified' : 'unverified'}
        title={verdictLine(view, account, now)}
      >
        {view.verdict === 'valid' ? (
          <p>Every signature and certificate holds now.</p>
        ) : (
          <p>
            Every signature holds, by certificates that were valid when it was made and are no
            longer. When that was is the signers’ own word: who stole a key since could have dated
            it back.
          </p>
        )}
      </Notice>
      <ProofGraph
        view={view}
        account={account}
        selected={selected}
        onSelect={(item) => setSelected(item === selected ? undefined : item)}
        details={details}
      />
      {selected === undefined ? (
        <p className={styles.hint}>Open any part of the picture to see what is proven of it.</p>
      ) : (
        <div id={details} className={styles.details} role="region" aria-label="Details">
          <h3>{titleOf(view, selected)}</h3>
          <dl>
            {factsOf(view, selected, now).map(({ name, value, code, note }) => (
              <div key={name}>
                <dt>
                  <bdi>{visibleText(name)}</bdi>
                </dt>
                <dd>
                  <bdi className={code ? 'identifier' : undefined}>{visibleText(value)}</bdi>
                  {note && <span className={styles.note}>{note}</span>}
                </dd>
              </div>
            ))}
          </dl>
        </div>
      )}
      <Coverage view={view} />
    </section>
  );
}

/** As `sha256sum` writes a digest, and `./mesh verify` too. */
function hexadecimal(digest: string): string {
  const bytes = atob(digest.replaceAll('-', '+').replaceAll('_', '/'));
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

/** What the proof says, and what it does not. */
function Coverage({ view: { trustDigest, trustDomain, ms, receiptMs } }: { view: VerifiedView }) {
  const { copy, copied } = useClipboard();
  return (
    <div className={styles.coverage}>
      <h3>What this proves</h3>
      <p>
        Text, sources and question are as the agents above signed them, each with a certificate of
        the CA of <span className="identifier">{trustDomain}</span>. That covers everything behind
        the gateway. It does not cover a malicious gateway, which serves this page, its script and
        the trust document, and it does not say that the answer is true.
      </p>
      <h3>Trust document</h3>
      <p>
        SHA-256 <span className="identifier">{hexadecimal(trustDigest)}</span>{' '}
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<IconCopy size={14} aria-hidden />}
          onClick={() => copy(hexadecimal(trustDigest))}
        >
          {copied ? 'Digest copied' : 'Copy the digest'}
        </Button>
      </p>
      <p>
        To rule out the gateway, save the signed JSON and run{' '}
        <code className="identifier">./mesh verify answer.json</code> with a trust document that you
        had another way: it prints the digest that it trusts, which should be this one.
      </p>
      <p className={styles.time} data-verification-ms={ms.toFixed(1)}>
        Verified in {ms.toFixed(1)} ms, and read sentence by sentence in {receiptMs.toFixed(1)} ms.
      </p>
    </div>
  );
}
