import type { AnswerDto } from '@mesh/contracts';

// A document may hold sequences that move the cursor, set the title or write to the clipboard.
// eslint-disable-next-line no-control-regex -- these are what is taken out
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The answer for a person: text, the sources it cites, who had a part in it. */
export function readable({ answer, sources, model, agents, correlationId }: AnswerDto): string {
  const cited = new Set([...answer.matchAll(/\[(\d+)\]/g)].map(([, id]) => Number(id)));
  const list = sources
    .filter(({ id }) => cited.has(id))
    .map(({ id, title, url }) => `  [${id}] ${title}\n      ${url}`);
  return [
    answer.trim(),
    ...(list.length > 0 ? ['', 'Sources', ...list] : []),
    '',
    model.used
      ? `Written by ${model.provider} ${model.name}.`
      : 'Sentences picked from the sources; no model was used.',
    `Answered by ${agents.map(({ spiffeId }) => spiffeId).join(' <- ')}`,
    `Correlation ID ${correlationId}`,
    '',
  ]
    .join('\n')
    .replace(CONTROL, '');
}
