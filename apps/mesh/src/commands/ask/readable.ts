import type { AnswerDto } from '@mesh/contracts';
import type { VerifiedAnswer } from '@mesh/provenance';
import { indented, printableLine } from '../../printable.js';
import { citation } from '../citation.js';

/**
 * The verified answer for a person: text, the sources it cites, and from the statements who wrote it. Headings alone
 * begin in the first column, so that no text passes for the proof below it.
 *
 * @param columns Width of the terminal
 */
export function readable(verified: VerifiedAnswer, columns: number): string {
  const { answer, correlationId } = verified.content as unknown as AnswerDto;
  const cited = new Set([...answer.matchAll(/\[(\d+)\]/g)].map(([, id]) => Number(id)));
  const list = verified.sources
    .map(({ source }) => source)
    .filter(({ id }) => cited.has(id))
    .map((source) => citation(source, columns));
  return [
    indented(answer.trim(), '  ', columns),
    ...(list.length > 0 ? ['', 'Sources', ...list] : []),
    '',
    'Proof',
    ...[
      `Verified: ${signersOf(verified)}`,
      printableLine(modelsOf(verified)),
      `Correlation ID ${printableLine(correlationId)}`,
    ].map((line) => indented(line, '  ', columns)),
    '',
  ].join('\n');
}

function modelsOf({ nodes }: VerifiedAnswer): string {
  const models = nodes
    .flatMap(({ statement }) => statement.producers)
    .filter(({ kind }) => kind === 'model')
    .map(({ provider, name }) => `${provider} ${name}`);
  return models.length > 0
    ? `Written by ${models.join(' and ')}.`
    : 'Sentences picked from the sources; no model was used.';
}

/** Who wrote it is who names no other statement as input; the others passed it on. */
function signersOf({ nodes, edges }: VerifiedAnswer): string {
  const isOuter = (place: number) => edges.some(({ outer }) => outer === place);
  const ids = nodes.map(({ statement }) => statement.iss);
  const writers = ids.filter((_, place) => !isOuter(place)).join(' and ');
  const others = ids.filter((_, place) => isOuter(place)).reverse();
  return `written by ${writers}${others.length > 0 ? `, passed on by ${others.join(' and ')}` : ''}.`;
}
