import { Loader } from '@mantine/core';
import type { MeDto } from '@mesh/contracts';
import { useCallback, useEffect, useRef, useState } from 'react';
import { personOf, useSession } from '../session/Session.js';
import { FailureNotice } from '../shell/FailureNotice.js';
import { Page } from '../shell/Page.js';
import { type Draft, keepDraft, readDraft } from '../session/draft.js';
import { AnswerView } from './AnswerView.js';
import { Landing } from './Landing.js';
import { QuestionForm } from './QuestionForm.js';
import { useResearch } from './ResearchProvider.js';
import type { Question } from './run.js';

export function AskPage() {
  const { state, reload } = useSession();
  switch (state.status) {
    case 'loading':
      return (
        <Page title="Ask">
          <Loader aria-label="Loading" />
        </Page>
      );
    case 'failed':
      return (
        <Page title="Ask">
          <FailureNotice failure={state.failure} onRetry={reload} />
        </Page>
      );
    case 'signed-out':
      return <Landing ended={state.ended ?? false} />;
    case 'signed-in':
      // Of another person nothing stays on the page.
      return <Ask key={personOf(state.me)} me={state.me} />;
  }
}

function Ask({ me }: { me: MeDto }) {
  const person = personOf(me);
  const [draft, setDraft] = useState(() => readDraft(person));
  const { run, ask, cancel, clear } = useResearch();
  const change = useCallback(
    (next: Draft) => {
      setDraft(next);
      keepDraft(person, next);
    },
    [person],
  );
  const submit = useCallback(
    (asked: Question) => {
      change(asked);
      ask(asked);
    },
    [change, ask],
  );
  // The form or the answer comes in place of the other: the focus goes along.
  const cancelled = run?.outcome?.status === 'cancelled';
  const asked = cancelled ? undefined : run?.correlationId;
  const shown = useRef(asked);
  useEffect(() => {
    if (shown.current === asked) return;
    shown.current = asked;
    document.querySelector<HTMLElement>(asked ? 'h1' : 'textarea')?.focus();
  }, [asked]);

  if (!run || cancelled) {
    return <QuestionForm {...{ me, draft, cancelled }} onChange={change} onAsk={submit} />;
  }
  return (
    <AnswerView
      run={run}
      onCancel={cancel}
      onAgain={() => ask(run.asked)}
      onNext={(keep) => {
        if (!keep) change({ ...draft, question: '' });
        clear();
      }}
    />
  );
}
