import type { AnswerDto } from '@mesh/contracts';
import type { VerifiedAnswer } from '@mesh/provenance';
import { printable, printableLine } from '../../printable.js';

/** The verified answer for a person: text, the sources it cites, and from the statements who wrote it. */
export function readable(verified: VerifiedAnswer): string {
  const { answer, model, correlationId } = verified.content as unknown as AnswerDto;
  const cited = new Set([...answer.matchAll(/\[(\d+)\]/g)].map(([, id]) => Number(id)));
  const list = verified.sources
    .map(({ source }) => source)
    .filter(({ id }) => cited.has(id))
    .flatMap(({ id, title, url }) => [
      `  [${id}] ${printableLine(title)}`,
      `      ${printableLine(url)}`,
    ]);
  return printable(
    [
      answer.trim(),
      ...(list.length > 0 ? ['', 'Sources', ...list] : []),
      '',
      model.used
        ? `Written by ${printableLine(`${model.provider} ${model.name}`)}.`
        : 'Sentences picked from the sources; no model was used.',
      `Verified: ${signers(verified)}`,
      `Correlation ID ${printableLine(correlationId)}`,
      '',
    ].join('\n'),
  );
}

/** Who wrote it is who names no other statement as input; the others handed it on. */
function signers({ nodes, edges }: VerifiedAnswer): string {
  const ids = nodes.map(({ statement }) => statement.iss.toString());
  const isWriter = (_: string, place: number) => edges.every(({ outer }) => outer !== place);
  const writers = ids.filter(isWriter).join(' and ');
  const others = ids.filter((id, place) => !isWriter(id, place)).reverse();
  return `written by ${writers}${others.length > 0 ? `, signed on by ${others.join(' and ')}` : ''}.`;
}
