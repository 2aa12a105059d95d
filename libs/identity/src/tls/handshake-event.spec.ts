import { describe, expect, it, jest } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { mintCa } from '@test/kit';
import { limitedLog, printable, refusedEvent, type HandshakeEvent } from './handshake-event.js';
import { PeerConnectionError } from './tls-errors.js';

describe('printable', () => {
  it('leaves ordinary text as it is', () => {
    expect(printable('C=US, O=SPIRE')).toBe('C=US, O=SPIRE');
  });

  it('encodes what could forge or break a line: line ends, escapes, other scripts, its own mark', () => {
    expect(printable('a\n{"level"\u001b[0m é \u202e\u{1f600}\\')).toBe(
      'a\\u{a}{"level"\\u{1b}[0m \\u{e9} \\u{202e}\\u{1f600}\\u{5c}',
    );
  });

  it('caps before it encodes', () => {
    expect(printable('\0'.repeat(100_000))).toBe(`${'\\u{0}'.repeat(256)}...`);
  });
});

describe('refusedEvent', () => {
  const error = new PeerConnectionError('ERR_PEER_UNTRUSTED', 'No.');

  it('holds what was presented, capped and encoded', async () => {
    const ca = await mintCa({ trustDomain: 'a.test' });
    const uris = Array.from({ length: 50 }, (_, i) => `spiffe://a.test/${'x'.repeat(50)}/${i}`);
    const { certificateDer } = await ca.issue({ uris, subject: `CN=ä${'b'.repeat(500)}` });
    const leaf = new X509Certificate(certificateDer);
    const event = refusedEvent(
      'server',
      {},
      Array.from({ length: 20 }, () => leaf),
      error,
    );
    expect(event.peerId).toHaveLength(259);
    expect(event.chainSubjects).toHaveLength(8);
    expect(event.chainSubjects?.[0]).toMatch(/^CN=\\u\{e4\}b+\.\.\.$/);
    expect(event.serialNumber).toMatch(/^[0-9a-f]{32}$/);
    expect(event.notAfter).toBe(leaf.validToDate.toISOString());
    expect(JSON.stringify(event).length).toBeLessThan(4000);
  });

  it('names the rule that was broken', () => {
    const cause = new PeerConnectionError('ERR_PEER_CHAIN_HIDDEN', 'The rule.');
    const rule = (thrown: unknown) => {
      const { code, reason } = refusedEvent('server', {}, [], thrown);
      return { code, reason };
    };
    expect(rule(error)).toEqual({ code: 'ERR_PEER_UNTRUSTED', reason: 'No.' });
    expect(rule(new PeerConnectionError('ERR_PEER_UNTRUSTED', 'No.', { cause }))).toEqual({
      code: 'ERR_PEER_CHAIN_HIDDEN',
      reason: 'The rule.',
    });
    expect(rule(new PeerConnectionError('ERR_PEER_NOT_AUTHORIZED', 'No.', { cause }))).toEqual({
      code: 'ERR_PEER_NOT_AUTHORIZED',
      reason: 'The rule.',
    });
    expect(rule(new PeerConnectionError('ERR_PEER_CHAIN_HIDDEN', 'Old.', { cause }))).toEqual({
      code: 'ERR_PEER_CHAIN_HIDDEN',
      reason: 'Old.',
    });
    expect(rule(new Error('a secret'))).toEqual({
      code: 'ERR_PEER_UNTRUSTED',
      reason: 'The check of the peer failed.',
    });
  });
});

describe('limitedLog', () => {
  const refused: HandshakeEvent = { outcome: 'refused', side: 'server' };
  const accepted: HandshakeEvent = { outcome: 'accepted', side: 'server' };

  it('reports 20 refusals at once and then 5 a second, and how many it kept back', () => {
    const log = jest.fn();
    let now = 0;
    const limited = limitedLog(log, () => now);
    for (let i = 0; i < 100; i++) limited?.(refused);
    expect(log).toHaveBeenCalledTimes(20);
    now = 1000;
    for (let i = 0; i < 100; i++) limited?.(refused);
    expect(log).toHaveBeenCalledTimes(25);
    expect(log).toHaveBeenNthCalledWith(21, { ...refused, suppressed: 80 });
    expect(log).toHaveBeenNthCalledWith(22, refused);
  });

  it('reports all that are accepted', () => {
    const log = jest.fn();
    const limited = limitedLog(log, () => 0);
    for (let i = 0; i < 100; i++) limited?.(accepted);
    expect(log).toHaveBeenCalledTimes(100);
  });

  it('may have nobody to report to', () => {
    expect(limitedLog(undefined)).toBeUndefined();
  });
});
