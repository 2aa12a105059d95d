import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AccessTokenVerifier, TxnToken, TxnTokenVerifier } from '@mesh/delegation';
import type { Browser } from '../kit/browser.js';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

const AGENTS = ['gateway', 'tts', 'researcher', 'writer'];
/** In order of the statements: outermost first. */
const SIGNERS = ['gateway', 'researcher', 'writer'];
const idOf = (name: string) => `spiffe://mesh.test/ns/agents/sa/${name}`;

type Json = Record<string, unknown>;
const payloadOf = (jws: string): Json =>
  JSON.parse(Buffer.from(jws.split('.')[1]!, 'base64url').toString());

let mesh: RunningAgents;
/** Every access token and every transaction token that an agent looked at. */
const accessTokens = new Set<string>();
const txnTokens = new Set<string>();

beforeAll(async () => {
  const { verify } = AccessTokenVerifier.prototype;
  jest.spyOn(AccessTokenVerifier.prototype, 'verify').mockImplementation(function (
    this: AccessTokenVerifier,
    text,
    ...more
  ) {
    accessTokens.add(text);
    return verify.call(this, text, ...more);
  });
  const { verify: verifyTxn } = TxnTokenVerifier.prototype;
  jest.spyOn(TxnTokenVerifier.prototype, 'verify').mockImplementation(function (
    this: TxnTokenVerifier,
    text,
    peer,
  ) {
    txnTokens.add(text);
    return verifyTxn.call(this, text, peer);
  });
  mesh = await RunningAgents.start(
    agentsUnderTest({ search: new ScriptedSearch(), model: new ScriptedModel() }),
  );
});
afterAll(() => mesh.close());

/** What a person and those who run the mesh hold of one answer. */
async function answered(account: string) {
  const browser = mesh.browser();
  await browser.signIn(account);
  const { text } = await browser.fetch('/v1/research', {
    method: 'POST',
    body: JSON.stringify({ question: 'What is an SVID?', depth: 'fast' }),
    headers: { 'request-nonce': randomBytes(16).toString('base64url') },
  });
  const { statements } = JSON.parse(text) as { statements: string[] };
  const payloads = statements.map(payloadOf);
  return { browser, statements: payloads, txn: payloads[0]!['txn'] as string };
}

/** As the gateway names a session everywhere: by the hash of what its cookie holds. */
function sessionOf({ cookies }: Browser): string {
  const id = cookies.get('mesh.localhost')!.get('mesh-session')!;
  return createHash('sha256').update(id).digest('base64url');
}

describe('one txn leads', () => {
  it('from the person to each workload, and back', async () => {
    // Another person at the same time: nothing of theirs is found.
    const [{ browser, statements, txn }, other] = await Promise.all([
      answered('analyst'),
      answered('reader'),
    ]);
    const [session, otherSession] = [sessionOf(browser), sessionOf(other.browser)];
    const lines = mesh.log.filter((line) => line['txn'] === txn);

    // The statements: who answered, for the same transaction.
    expect(statements.map(({ iss }) => iss)).toEqual(SIGNERS.map(idOf));
    expect(new Set(statements.map((statement) => statement['txn']))).toEqual(new Set([txn]));
    expect(other.txn).not.toBe(txn);

    // The log: each workload tells of it, those who took the person's request by their session, nobody by another one.
    expect(new Set(lines.map(({ agent }) => agent))).toEqual(new Set(AGENTS));
    const correlationIds = new Set(lines.map((line) => line['correlation_id']));
    expect(correlationIds.size).toBe(1);
    const served = mesh.log.filter(
      ({ event, correlation_id: id }) => event === 'request' && correlationIds.has(id),
    );
    expect(new Set(served.map(({ agent }) => agent))).toEqual(new Set(AGENTS));
    const ofGateway = served.find(({ agent }) => agent === 'gateway');
    expect(ofGateway).toMatchObject({ session, txn });

    // The transaction tokens: one for each hop, of the same person, who signed in in the issuer's own session.
    const tokens = [...txnTokens].map((text) => TxnToken.decodeUnverified(text));
    const hops = tokens.filter((token) => token.txn === txn);
    expect(hops.map(({ actors }) => actors.map(String))).toEqual(
      expect.arrayContaining([[idOf('gateway')], [idOf('researcher'), idOf('gateway')]]),
    );
    const { sid } = hops[0]!.requesterContext;
    const accessToken = [...accessTokens].map(payloadOf).find((claims) => claims['sid'] === sid);
    expect(accessToken).toMatchObject({ iss: mesh.issuer!.url, sid: expect.any(String) });
    for (const { requesterContext, person, userId } of hops) {
      expect(requesterContext).toMatchObject({
        sid,
        auth_time: accessToken!['auth_time'],
        // The gateway's word, and said to be that.
        asserted: { by: idOf('gateway'), context: { session } },
      });
      expect(person.subject).toBe(`${mesh.issuer!.url}#${String(accessToken!['sub'])}`);
      expect(new Set(lines.flatMap((line) => line['user_id'] ?? []))).toEqual(new Set([userId]));
    }

    // From each statement to the token it was made under, and to the line that tells of its issue.
    for (const statement of statements) {
      const token = hops.find(({ hash }) => hash === statement['tth']);
      expect(statement['sub']).toBe(token!.userId);
      expect(statement['scope']).toEqual(token!.scope);
      expect(lines).toContainEqual(
        expect.objectContaining({ event: 'token.issued', token: token!.hash }),
      );
    }

    // And back: whoever ends the issuer's session ends this one of the gateway, and no other.
    await signOutAtIssuer(browser);
    const ended = mesh.log.filter(({ event }) => event === 'session.ended');
    expect(ended).toEqual([expect.objectContaining({ session })]);
    expect(mesh.log).toContainEqual(
      expect.objectContaining({ event: 'session.started', session: otherSession }),
    );
  });
});

/** What the person does at the issuer's own page, which tells the gateway by the back channel. */
async function signOutAtIssuer(browser: Browser): Promise<void> {
  const page = await browser.send(`${mesh.issuer!.url}/session/end`);
  const fields = [...page.text.matchAll(/name="(\w+)" value="([^"]*)"/g)];
  await browser.send(new URL(/action="([^"]+)"/.exec(page.text)![1]!, page.url).href, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(
      fields.map(([, name, value]): [string, string] => [name!, value!]),
    ).toString(),
  });
}
