import { Button } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import IconCopy from '@tabler/icons-react/icons/IconCopy';
import IconDownload from '@tabler/icons-react/icons/IconDownload';
import { AnswerText } from '../answer/AnswerText.js';
import { ProofPanel } from '../proof/ProofPanel.js';
import type { VerifiedView } from '../proof/verifier.js';
import { ReceiptPanel } from '../receipt/ReceiptPanel.js';
import { useSession } from '../session/Session.js';
import { answerMarkdown } from './answer-markdown.js';
import { download } from './download.js';
import type { Run } from './run.js';
import styles from './VerifiedAnswer.module.css';

interface Props {
  run: Run;
  view: VerifiedView;
  document: string;
}

/** The answer, its proof and its receipt: all of what was verified, and nothing else. */
export function VerifiedAnswer({ run, view, document }: Props) {
  const { copy, copied } = useClipboard();
  const { state } = useSession();
  const answer = typeof view.content['answer'] === 'string' ? view.content['answer'] : '';
  const name = `answer-${run.correlationId.slice(0, 8)}`;
  return (
    <div className={styles.columns}>
      <article className={styles.answer} aria-label="Answer">
        <AnswerText view={view} />
        <div className={styles.actions}>
          <Button
            variant="default"
            size="compact-md"
            leftSection={<IconCopy size={16} aria-hidden />}
            onClick={() => copy(answer)}
          >
            {copied ? 'Copied' : 'Copy'}
          </Button>
          <Button
            variant="default"
            size="compact-md"
            leftSection={<IconDownload size={16} aria-hidden />}
            onClick={() => download(document, 'application/json', `${name}.json`)}
          >
            Signed JSON
          </Button>
          <Button
            variant="default"
            size="compact-md"
            leftSection={<IconDownload size={16} aria-hidden />}
            onClick={() =>
              download(
                answerMarkdown(run.asked.question, view.content),
                'text/markdown',
                `${name}.md`,
              )
            }
          >
            Markdown
          </Button>
        </div>
      </article>
      <div className={styles.proof}>
        <ProofPanel
          view={view}
          {...(state.status === 'signed-in' && { account: state.me.account })}
        />
        <p className={styles.id}>
          Correlation ID <span className="identifier">{run.correlationId}</span>
        </p>
      </div>
      <div>
        <ReceiptPanel view={view} />
      </div>
    </div>
  );
}
