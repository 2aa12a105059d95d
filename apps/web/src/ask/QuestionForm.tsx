import { Button, Textarea } from '@mantine/core';
import type { MeDto } from '@mesh/contracts';
import IconArrowRight from '@tabler/icons-react/icons/IconArrowRight';
import { type KeyboardEvent, type SubmitEvent, useState } from 'react';
import type { Draft } from '../session/draft.js';
import { Notice } from '../shell/Notice.js';
import { Page } from '../shell/Page.js';
import { DepthChoice } from './DepthChoice.js';
import { DocumentList } from './DocumentList.js';
import { examplesFor } from './examples.js';
import styles from './QuestionForm.module.css';
import { keptText, MAX_KEPT, MAX_QUESTION } from './question.js';
import type { Question } from './run.js';
import { useDocuments } from './use-documents.js';

interface Props {
  me: MeDto;
  draft: Draft;
  /** The last question was cancelled. */
  cancelled: boolean;
  onChange: (draft: Draft) => void;
  onAsk: (question: Question) => void;
}

export function QuestionForm({ me, draft, cancelled, onChange, onAsk }: Props) {
  const [pasted, setPasted] = useState(0);
  const known = useDocuments();
  const examples = examplesFor(known.documents);
  const allowed = me.depths.filter((depth) => depth.allowed).map(({ depth }) => depth);
  const depth = allowed.includes(draft.depth) ? draft.depth : allowed[0];
  const question = draft.question.trim();
  const tooLong = question.length > MAX_QUESTION;
  const ready = question !== '' && !tooLong && depth !== undefined;

  const submit = () => {
    if (ready) onAsk({ question, depth });
  };
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    submit();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      submit();
    }
  };

  return (
    <Page
      title="Ask"
      lead="Agents search and write for you. You see an answer only once this browser has checked who wrote it and from what."
    >
      {cancelled && (
        <div className={styles.cancelled}>
          <Notice tone="info" title="Cancelled" role="status">
            The agents were told to stop, and nothing of the answer is kept.
          </Notice>
        </div>
      )}
      <form onSubmit={onSubmit} className={styles.form}>
        <div>
          <Textarea
            label="Your question"
            classNames={{ input: styles.input, label: styles.label }}
            dir="auto"
            autosize
            minRows={3}
            maxRows={12}
            value={draft.question}
            aria-describedby="question-count"
            aria-invalid={tooLong}
            onKeyDown={onKeyDown}
            onChange={({ currentTarget: { value } }) => {
              setPasted(value.length);
              onChange({ ...draft, question: keptText(value) });
            }}
          />
          <p id="question-count" className={styles.count}>
            <span>Ctrl or ⌘ and Enter asks</span>
            <span>
              {question.length} of {MAX_QUESTION} characters
            </span>
          </p>
          {tooLong && (
            <Notice tone="unverified" title="That is too long to ask" role="status">
              A question holds {MAX_QUESTION} characters; take {question.length - MAX_QUESTION}{' '}
              away.
              {pasted > MAX_KEPT && ` Of the ${pasted} you gave, the first ${MAX_KEPT} are kept.`}
            </Notice>
          )}
        </div>
        <DepthChoice
          depths={me.depths}
          value={depth}
          onChange={(chosen) => onChange({ ...draft, depth: chosen })}
        />
        {!depth && (
          <Notice tone="refused" title="Your account may not ask in this mesh">
            It has neither depth. Whoever runs the mesh gives accounts the role that brings one.
          </Notice>
        )}
        <div className={styles.submit}>
          <Button
            type="submit"
            size="md"
            disabled={!ready}
            rightSection={<IconArrowRight size={18} aria-hidden />}
          >
            Ask
          </Button>
        </div>
      </form>
      {!question && depth && examples.length > 0 && (
        <section className={styles.examples} aria-labelledby="examples">
          <h2 id="examples">Or begin with one of these</h2>
          <ul>
            {examples.map((example) => (
              <li key={example}>
                <button type="button" onClick={() => onAsk({ question: example, depth })}>
                  {example}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <DocumentList {...known} />
    </Page>
  );
}
