import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Policy } from '@mesh/resilience';
import type { SecretSource } from '@mesh/secrets';
import { Test, type TestingModule } from '@nestjs/testing';
import type { DraftModel } from '../draft-model.js';
import { GeminiWriter } from '../gemini/gemini-writer.js';
import { DRAFT_MODEL } from './draft-model.token.js';
import { LlmModule, type LlmModuleOptions } from './llm.module.js';
import { ModelHealthIndicator } from './model.health.js';

let app: TestingModule | undefined;

afterEach(async () => {
  jest.restoreAllMocks();
  await app?.close();
  app = undefined;
});

async function start(options: LlmModuleOptions): Promise<TestingModule> {
  app = await Test.createTestingModule({ imports: [LlmModule.register(options)] }).compile();
  return app.init();
}

function fake() {
  return {
    provider: 'gemini',
    name: 'gemini-3.8-flash',
    draft: jest.fn<DraftModel['draft']>(),
    check: jest.fn<DraftModel['check']>(async () => ({ ok: true, detail: 'fine' })),
  } satisfies DraftModel;
}

describe('LlmModule', () => {
  it('makes a writer by Gemini of its parts, without a call', async () => {
    const policy = new Policy('gemini');
    const secrets = { get: jest.fn(), onChange: jest.fn(), close: jest.fn() };
    const gemini = { secrets: secrets as unknown as SecretSource, policy };
    const model = (await start({ gemini: { ...gemini, model: 'gemini-x' } })).get<DraftModel>(
      DRAFT_MODEL,
    );
    expect(model).toBeInstanceOf(GeminiWriter);
    expect(model.name).toBe('gemini-x');
    expect(secrets.get).not.toHaveBeenCalled();
    await expect(
      start({ gemini: { ...gemini, baseUrl: 'http://example.com' } }),
    ).rejects.toMatchObject({ code: 'ERR_EGRESS_URL_INVALID' });
    policy.close();
  });

  it('takes a model that there is', async () => {
    const model = fake();
    expect((await start({ model })).get(DRAFT_MODEL)).toBe(model);
  });

  it('registers asynchronously', async () => {
    const model = fake();
    app = await Test.createTestingModule({
      imports: [LlmModule.registerAsync({ useFactory: async () => ({ model }) })],
    }).compile();
    expect(app.get(DRAFT_MODEL)).toBe(model);
  });
});

describe('ModelHealthIndicator', () => {
  it('asks once in 30 s, however many ask', async () => {
    const model = fake();
    const indicator = (await start({ model })).get(ModelHealthIndicator);
    const now = jest.spyOn(Date, 'now').mockReturnValue(1_000_000);
    const [first] = await Promise.all([indicator.check(), indicator.check()]);
    expect(first).toEqual({
      model: { status: 'up', provider: 'gemini', name: 'gemini-3.8-flash', detail: 'fine' },
    });
    now.mockReturnValue(1_029_999);
    await indicator.check();
    expect(model.check).toHaveBeenCalledTimes(1);
    model.check.mockResolvedValue({ ok: false, code: 'ERR_MODEL_KEY_MISSING', detail: 'no key' });
    now.mockReturnValue(1_030_000);
    expect(await indicator.check('elsewhere')).toMatchObject({
      elsewhere: { status: 'down', code: 'ERR_MODEL_KEY_MISSING', detail: 'no key' },
    });
    expect(model.check).toHaveBeenCalledTimes(2);
  });

  it('is down where the check does not end', async () => {
    const model = fake();
    model.check.mockRejectedValue(new Error('aborted'));
    expect(await (await start({ model })).get(ModelHealthIndicator).check()).toMatchObject({
      model: { status: 'down' },
    });
  });

  it('never lets a draft be written', async () => {
    const model = fake();
    await (await start({ model })).get(ModelHealthIndicator).check();
    expect(model.draft).not.toHaveBeenCalled();
  });
});
