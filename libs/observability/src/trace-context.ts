import { randomFillSync } from 'node:crypto';

/** Drawn in bulk: a call of the generator costs more than all else here. IDs are no secrets. */
const pool = Buffer.allocUnsafe(4096);
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

const FIELDS = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 0x01;

/**
 * A position in a distributed trace: the `traceparent` header of W3C Trace Context (level 1, section 3.2).
 *
 * `tracestate` is neither kept nor sent: it is vendors' free text from outside, the mesh adds nothing to it, and
 * the specification (section 3.3.1) lets a participant drop its entries.
 */
export class TraceContext {
  private constructor(
    /** 32 lower-case hexadecimal digits, not all zero. */
    readonly traceId: string,
    /** 16 lower-case hexadecimal digits, not all zero: the span that sends the header. */
    readonly spanId: string,
    readonly sampled: boolean,
  ) {}

  /**
   * Parses a `traceparent`. Version 00 must match exactly; of a later version the fields of version 00 are taken
   * and what follows them is ignored; version ff and identifiers of zeros are invalid.
   *
   * @returns undefined where it is invalid: a trace header never fails a request.
   */
  static parse(text: string | readonly string[] | undefined): TraceContext | undefined {
    // Longer than any version needs: not worth a regular expression.
    if (typeof text !== 'string' || text.length > 512) return undefined;
    const [, version, traceId, spanId, flags, rest] = FIELDS.exec(text) ?? [];
    if (version === undefined || traceId === undefined || spanId === undefined) return undefined;
    if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
    if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
    return new TraceContext(traceId, spanId, (parseInt(flags ?? '0', 16) & SAMPLED) === SAMPLED);
  }

  /** The first span of a new trace. Sampled: every span is in the log. */
  static start(): TraceContext {
    return new TraceContext(randomHex(16), newSpanId(), true);
  }

  /** The receiver's own span: a child of the sender's, or the first of a new trace where the header is invalid. */
  static receive(header: string | readonly string[] | undefined): TraceContext {
    return TraceContext.parse(header)?.child() ?? TraceContext.start();
  }

  /** A span under this one: same trace and sampling, own span ID. */
  child(): TraceContext {
    return new TraceContext(this.traceId, newSpanId(), this.sampled);
  }

  /** The header's value, version 00; flags other than `sampled` are cleared, as section 3.2.2.5 asks. */
  toString(): string {
    return `00-${this.traceId}-${this.spanId}-${this.sampled ? '01' : '00'}`;
  }
}

function newSpanId(): string {
  return randomHex(8);
}
