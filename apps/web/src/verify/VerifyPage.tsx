import { Button, Textarea } from '@mantine/core';
import { useCallback, useEffect, useState } from 'react';
import { visibleLine } from '../answer/visible-text.js';
import { Page } from '../shell/Page.js';
import { FileField } from './FileField.js';
import { ResultView } from './ResultView.js';
import { type Brought, type BroughtTrust, useVerification } from './use-verification.js';
import styles from './VerifyPage.module.css';

/** Proves the file of an answer to anyone, in their own browser. */
export function VerifyPage() {
  const { results, add } = useVerification();
  const [trusted, setTrusted] = useState<BroughtTrust>({});
  const [selected, setSelected] = useState<number>();
  const [text, setText] = useState('');

  const take = useCallback(
    (all: readonly Brought[], by: BroughtTrust = trusted) => {
      for (const brought of all) setSelected(add(brought, by));
    },
    [add, trusted],
  );
  const over = useBroughtToPage(take);
  const shown = results.find(({ id }) => id === selected);

  const trust = (next: BroughtTrust) => {
    setTrusted(next);
    // What is shown was judged by another trust.
    if (shown) take([shown.brought], next);
  };

  return (
    <Page
      title="Verify an answer"
      width="wide"
      lead="Drop the file of a signed answer to see who wrote it, for whom and from what. No account is needed, and nothing of the file leaves this browser."
    >
      <div className={styles.inputs}>
        <div className={styles.zone} data-over={over || undefined}>
          <FileField
            large
            label="Answer’s file"
            hint="The signed JSON that was downloaded with the answer. Drop it anywhere on this page, choose it here, or paste its text."
            onFiles={take}
          />
          <details className={styles.paste}>
            <summary>Paste its text</summary>
            <form
              onSubmit={(event) => {
                event.preventDefault();
                take([text]);
                setText('');
              }}
            >
              <Textarea
                label="Signed JSON"
                value={text}
                onChange={({ currentTarget }) => setText(currentTarget.value)}
                autosize
                minRows={3}
                maxRows={8}
                spellCheck={false}
              />
              <Button type="submit" mt="xs" variant="default" disabled={text.trim() === ''}>
                Verify the text
              </Button>
            </form>
          </details>
        </div>
        <TrustChoice trusted={trusted} onChange={trust} />
      </div>
      {results.length > 1 && (
        <nav aria-label="Files so far" className={styles.results}>
          <ul>
            {results.map(({ id, name, outcome }) => (
              <li key={id}>
                <button
                  type="button"
                  aria-pressed={id === selected}
                  onClick={() => setSelected(id)}
                >
                  <bdi>{name === undefined ? 'Pasted text' : visibleLine(name, 60)}</bdi>
                  <span className={styles.state}>
                    {outcome ? ('view' in outcome ? 'verified' : 'refused') : 'at work'}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </nav>
      )}
      {shown && <ResultView key={shown.id} result={shown} />}
    </Page>
  );
}

interface TrustProps {
  trusted: BroughtTrust;
  onChange: (next: BroughtTrust) => void;
}

/** By what answers are judged: what this mesh serves, or what the person has another way. */
function TrustChoice({ trusted, onChange }: TrustProps) {
  const { trust, archive } = trusted;
  return (
    <fieldset className={styles.trust}>
      <legend>Whom to trust</legend>
      {trust ? (
        <>
          <p>
            What you brought: <bdi>{visibleLine(trust.name, 60)}</bdi>
            {archive && (
              <>
                , and for CAs of the past <bdi>{visibleLine(archive.name, 60)}</bdi>
              </>
            )}
            .
          </p>
          <Button variant="default" size="compact-md" onClick={() => onChange({})}>
            Trust this mesh again
          </Button>
          {!archive && (
            <FileField
              label="Archive of its CAs"
              hint="Proves answers from before its CA changed."
              onFiles={([file]) => file && onChange({ trust, archive: file })}
            />
          )}
        </>
      ) : (
        <>
          <p>This mesh: what it serves at /v1/trust, and its archive of retired CAs.</p>
          <FileField
            label="Trust document of your own"
            hint="Of another mesh, or of this one had another way: a malicious gateway could serve a false one."
            onFiles={([file]) => file && onChange({ trust: file })}
          />
        </>
      )}
    </fieldset>
  );
}

/** Files dropped anywhere, and texts pasted outside of a field. Returns whether one is held over the page. */
function useBroughtToPage(take: (all: readonly Brought[]) => void): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const listening = new AbortController();
    const on = <Type extends keyof WindowEventMap>(
      type: Type,
      listener: (event: WindowEventMap[Type]) => void,
    ) => addEventListener(type, listener, listening);
    on('dragover', (event) => {
      // Else the browser opens the file in place of the page.
      event.preventDefault();
      setOver(true);
    });
    on('dragleave', (event) => event.relatedTarget === null && setOver(false));
    on('drop', (event) => {
      event.preventDefault();
      setOver(false);
      take([...(event.dataTransfer?.files ?? [])]);
    });
    on('paste', (event) => {
      if (isField(event)) return;
      const { files = [] } = event.clipboardData ?? {};
      const text = event.clipboardData?.getData('text/plain') ?? '';
      if (files.length > 0) take([...files]);
      else if (text.trim() !== '') take([text]);
    });
    return () => listening.abort();
  }, [take]);
  return over;
}

function isField({ target }: Event): boolean {
  return target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
}
