import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Inject, Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Secret } from '../secret.js';
import type { SecretSource } from '../secret-source.js';
import { SECRET_SOURCE, SecretsModule } from './secrets.module.js';

const inner = {
  get: jest.fn(() => Promise.resolve({ secret: new Secret('key') })),
  onChange: jest.fn(() => () => undefined),
  close: jest.fn(),
} satisfies SecretSource;

@Injectable()
class Consumer {
  constructor(@Inject(SECRET_SOURCE) readonly secrets: SecretSource) {}
}

@Module({ providers: [Consumer] })
class ConsumerModule {}

let app: TestingModule | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('SecretsModule', () => {
  it('gives every module the secrets that the agent declared, and no other', async () => {
    app = await Test.createTestingModule({
      imports: [SecretsModule.register({ source: inner, names: ['gemini'] }), ConsumerModule],
    }).compile();
    const { secrets } = app.get(Consumer, { strict: false });
    expect((await secrets.get('gemini')).secret.reveal()).toBe('key');
    const refused = expect.objectContaining({ code: 'ERR_SECRET_NOT_DECLARED' });
    await expect(secrets.get('tavily')).rejects.toThrow(refused);
    expect(() => secrets.onChange('tavily', () => undefined)).toThrow(refused);
  });

  it('registers asynchronously', async () => {
    app = await Test.createTestingModule({
      imports: [
        SecretsModule.registerAsync({ useFactory: () => ({ source: inner, names: ['gemini'] }) }),
        ConsumerModule,
      ],
    }).compile();
    const { secrets } = app.get(Consumer, { strict: false });
    expect((await secrets.get('gemini')).secret.reveal()).toBe('key');
  });

  it('ends its view and its listeners with the agent, not the source', async () => {
    const stopped = jest.fn();
    inner.onChange.mockReturnValueOnce(() => stopped() as undefined);
    app = await Test.createTestingModule({
      imports: [SecretsModule.register({ source: inner, names: ['gemini'] }), ConsumerModule],
    }).compile();
    const { secrets } = app.get(Consumer, { strict: false });
    secrets.onChange('gemini', () => undefined);
    await app.close();
    app = undefined;
    expect(stopped).toHaveBeenCalledTimes(1);
    expect(inner.close).not.toHaveBeenCalled();
    await expect(secrets.get('gemini')).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_SECRET_SOURCE_CLOSED' }),
    );
  });
});
