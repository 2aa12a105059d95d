import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { IsString } from 'class-validator';
import type { PeerClient } from '@mesh/agent';
import type { AgentContext, AgentDefinition } from '@mesh/agent/nest';
import { SignedDto, type Unsigned } from '@mesh/contracts';
import type { TxnToken } from '@mesh/delegation';
import type { RunningAgents } from '../kit/running-agents.js';

/** Signatures that anything in this process verified, OpenSSL's own of handshakes aside. */
let verified = 0;

const actual = await import('node:crypto');
jest.unstable_mockModule('node:crypto', () => ({
  ...actual,
  default: actual.default,
  verify: (...args: Parameters<typeof actual.verify>) => {
    verified++;
    return actual.verify(...args);
  },
}));
const webVerify = crypto.subtle.verify.bind(crypto.subtle);
jest.spyOn(crypto.subtle, 'verify').mockImplementation((...args) => {
  verified++;
  return webVerify(...args);
});

const { defineAgent, InjectPeer } = await import('@mesh/agent/nest');
const { bindDelegation } = await import('@mesh/delegation');
const { Action } = await import('@mesh/identity/nest');
const { runInContext, newCorrelationId, TraceContext } = await import('@mesh/observability');
const kit = await import('../kit/running-agents.js');

class WordDto {
  @IsString()
  word!: string;
}

class SignedWordDto extends SignedDto {
  @IsString()
  word!: string;
}

@Controller()
class BackController {
  @Post('back')
  @HttpCode(200)
  @Action('word:write')
  write(@Body() { word }: WordDto): Unsigned<SignedWordDto> {
    return { word };
  }
}

@Module({ controllers: [BackController] })
class BackModule {}

@Controller()
class MiddleController {
  constructor(@InjectPeer('back') private readonly back: PeerClient) {}

  @Post('middle')
  @HttpCode(200)
  @Action('word:find')
  async find(@Body() body: WordDto): Promise<Unsigned<SignedWordDto>> {
    const { word } = await this.back.post('/back', body, SignedWordDto);
    return { word };
  }
}

@Module({ controllers: [MiddleController] })
class MiddleModule {}

@Module({})
class FrontModule {}

let front: AgentContext;
let mesh: RunningAgents;

function agent(name: string, file: string, module: AgentDefinition['module']) {
  return {
    definition: defineAgent({ name, listener: 'peers', module }),
    file: `{ name: ${name}, identity: /ns/agents/sa/${name}, actsFor: { roles: [analyst] }, ${file} }`,
  };
}

beforeAll(async () => {
  mesh = await kit.RunningAgents.start([
    agent('front', 'port: 4090', (context) => {
      front = context;
      return FrontModule;
    }),
    agent('middle', 'port: 4091, actions: { word:find: { callers: [front] } }', () => MiddleModule),
    agent('back', 'port: 4092, actions: { word:write: { callers: [middle] } }', () => BackModule),
  ]);
});
afterAll(() => mesh.close());

/** As many signatures as are verified while the front agent asks the middle one, which asks the one at the back. */
async function verifiedWhileAsking(tokens: readonly TxnToken[]): Promise<number> {
  const before = verified;
  for (const token of tokens) {
    const trace = TraceContext.start();
    const context = {
      agent: 'front',
      correlationId: newCorrelationId(),
      traceparent: trace.toString(),
      traceId: trace.traceId,
      deadline: Date.now() + 10_000,
      signal: new AbortController().signal,
    };
    bindDelegation(context, token, 'pseudonym');
    const { word, statements } = await runInContext(context, () =>
      front.peer('middle').post('/middle', { word: 'proof' }, SignedWordDto),
    );
    expect(word).toBe('proof');
    expect(statements).toHaveLength(2);
  }
  return verified - before;
}

const tokens = (count: number): Promise<TxnToken[]> =>
  Promise.all(Array.from({ length: count }, () => mesh.tokenFor('front', 'word:find word:write')));

describe('signatures that a request has verified', () => {
  const REQUESTS = 20;
  /** Of the back agent by its caller, of both agents by the front one. */
  const STATEMENTS = 3;
  /** The replacement, by who obtains it and by who is sent it. */
  const REPLACEMENT = 2;
  /** By who is sent it, and by the token service that replaces it. */
  const TOKEN = 2;

  it('are those it brings along, and the first time those of the chains', async () => {
    const own = TOKEN + REPLACEMENT + STATEMENTS;
    expect(await verifiedWhileAsking(await tokens(1))).toBeGreaterThan(own);
    expect(await verifiedWhileAsking(await tokens(REQUESTS))).toBe(REQUESTS * own);
  });

  it('are none of a token that was seen before', async () => {
    const [token] = await tokens(1);
    await verifiedWhileAsking([token!]);
    expect(await verifiedWhileAsking(Array<TxnToken>(REQUESTS).fill(token!))).toBe(
      REQUESTS * (REPLACEMENT + STATEMENTS),
    );
  });
});
