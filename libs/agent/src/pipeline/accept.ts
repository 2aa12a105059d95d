import { RequestError } from './pipeline.error.js';

const TYPES = { events: 'text/event-stream', json: 'application/json' } as const;

/**
 * In which form an answer that may come as events is sent, by `Accept` (RFC 9110, section 12.5.1): as events where
 * they are named and not liked less than JSON, else as JSON.
 * @throws RequestError `ERR_NOT_ACCEPTABLE` where neither is accepted
 */
export function formOf(accept: string | undefined): 'json' | 'events' {
  if (accept === undefined || accept.trim() === '') return 'json';
  const ranges = accept.split(',').map(rangeOf);
  const events = ranges.find(({ type }) => type === TYPES.events)?.quality ?? 0;
  const json = qualityOf(TYPES.json, ranges);
  if (events > 0 && events >= json) return 'events';
  if (json > 0) return 'json';
  throw new RequestError(
    'ERR_NOT_ACCEPTABLE',
    `The answer comes as ${TYPES.json} or ${TYPES.events}.`,
  );
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  return { type, quality: quality === undefined ? 1 : Number(quality) || 0 };
}

/** The most specific range counts. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  for (const candidate of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const range = ranges.find((one) => one.type === candidate);
    if (range) return range.quality;
  }
  return 0;
}
