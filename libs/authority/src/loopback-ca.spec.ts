import { once } from 'node:events';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  Certificate,
  GeneralName,
  id_ce_subjectAltName,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509';
import { LoopbackCa, type PemPair } from './loopback-ca.js';
import {
  COMMON_NAME,
  extension,
  nameOf,
  publicKeyInfo,
  signCertificate,
} from './sign-certificate.js';

const DAY = 86_400_000;
const now = Date.now();

/** What a client that trusts `ca` says of a server with this certificate, opened by `name`; undefined: all is well. */
async function faultOf({ certificate, key }: PemPair, ca: string, name: string) {
  const server = createServer({ cert: certificate, key }, (socket) => socket.end()).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', ca, servername: name });
  try {
    await once(client, 'secureConnect');
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    client.destroy();
    server.close();
  }
}

describe('LoopbackCa', () => {
  const ca = LoopbackCa.create(now);
  const { certificate } = ca.toPem();

  it.each(['mesh.localhost', 'localhost', '127.0.0.1', '::1'])(
    'vouches for %s to who trusts it',
    async (name) => {
      const leaf = ca.issue(now);
      const { checkHost, checkIP } = X509Certificate.prototype;
      const parsed = new X509Certificate(leaf.certificate);
      expect(checkHost.call(parsed, name) ?? checkIP.call(parsed, name)).toBe(name);
      // A name that is an address is not sent (RFC 6066, section 3).
      const sent = /^[a-z]/.test(name) ? name : '';
      expect(await faultOf(leaf, certificate, sent)).toBeUndefined();
    },
  );

  it('does not vouch for another machine, whoever has its key', async () => {
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const forged = signCertificate(
      {
        key: createPrivateKey(ca.toPem().key),
        name: AsnConvert.parse(new X509Certificate(certificate).raw, Certificate).tbsCertificate
          .subject,
      },
      {
        subject: nameOf([[COMMON_NAME, 'bank']]),
        info: publicKeyInfo(keys.publicKey),
        notBefore: now - DAY,
        notAfter: now + DAY,
        extensions: [
          extension(
            id_ce_subjectAltName,
            false,
            new SubjectAlternativeName([new GeneralName({ dNSName: 'bank.example' })]),
          ),
        ],
      },
    );
    const pair = {
      certificate: new X509Certificate(forged).toString(),
      key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
    expect(await faultOf(pair, certificate, 'bank.example')).toBe('permitted subtree violation');
  });

  it('is not trusted by who does not know it', async () => {
    const other = LoopbackCa.create(now).toPem().certificate;
    expect(await faultOf(ca.issue(now), other, 'localhost')).toMatch(
      /^unable to verify the first certificate/,
    );
  });

  it('is the same after it was written and read', () => {
    const read = LoopbackCa.parse(ca.toPem());
    expect(read.toPem()).toEqual(ca.toPem());
    expect(read.fingerprint).toBe(ca.fingerprint);
    expect(ca.isFresh(read.issue(now), now)).toBe(true);
  });

  it('is read from no other pair', () => {
    const { key } = LoopbackCa.create(now).toPem();
    expect(() => LoopbackCa.parse({ certificate, key })).toThrow('The key is not that of a CA.');
    expect(() => LoopbackCa.parse(ca.issue(now))).toThrow('The key is not that of a CA.');
    expect(() => LoopbackCa.parse({ certificate: 'x', key })).toThrow();
  });

  it('issues for 90 days, and wants another certificate after 60', () => {
    const leaf = ca.issue(now);
    const { validFromDate, validToDate } = new X509Certificate(leaf.certificate);
    expect(Math.round((validToDate.getTime() - now) / DAY)).toBe(90);
    expect(validFromDate.getTime()).toBeLessThan(now);
    expect(ca.isFresh(leaf, now + 59 * DAY)).toBe(true);
    expect(ca.isFresh(leaf, now + 61 * DAY)).toBe(false);
    // The clock was wrong when it was made.
    expect(ca.isFresh(leaf, now - DAY)).toBe(false);
    expect(ca.isFresh(LoopbackCa.create(now).issue(now), now)).toBe(false);
    expect(ca.isFresh({ ...leaf, key: ca.issue(now).key }, now)).toBe(false);
  });

  it('is good for two years, up to what it issues last', () => {
    expect(ca.isGood(now)).toBe(true);
    expect(ca.isGood(now + 639 * DAY)).toBe(true);
    expect(ca.isGood(now + 641 * DAY)).toBe(false);
    expect(ca.isGood(now - DAY)).toBe(false);
  });
});
