import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpModule, HttpService } from '@nestjs/axios';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, HttpCode, Module, Post, type DynamicModule } from '@nestjs/common';
import { IsString } from 'class-validator';
import { defineAgent } from '@mesh/agent/nest';
import { Action } from '@mesh/identity/nest';
import { decodeUnverified } from '@mesh/provenance';
import { RunningAgents, withCallers, type AgentUnderTest } from '../kit/running-agents.js';

class NoteRequest {
  @IsString()
  text!: string;
}

let outside: Server;
let host: string;

@Controller()
class NoteController {
  constructor(private readonly http: HttpService) {}

  @Post('note')
  @HttpCode(200)
  @Action('note:read')
  async note(@Body() { text }: NoteRequest): Promise<object> {
    for (const said of text.split(' ')) await this.http.axiosRef.post(`http://${host}/`, said);
    return { said: true };
  }
}

function withHttp(http: typeof HttpModule | DynamicModule): AgentUnderTest[] {
  @Module({ imports: [http], controllers: [NoteController] })
  class NoteModule {}
  return withCallers({
    definition: defineAgent({ name: 'note', listener: 'peers', module: () => NoteModule }),
    file: `
name: note
identity: /ns/agents/sa/note
port: 4090
actions: { note:read: { callers: [friend] } }
actsFor: { roles: [analyst] }
`,
  });
}

beforeAll(async () => {
  outside = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
  await once(outside, 'listening');
  host = `127.0.0.1:${(outside.address() as AddressInfo).port}`;
});
afterAll(() => {
  outside.close();
});

describe('calls to the outside', () => {
  it('stand in the statement of the answer that they are made for, and in no other', async () => {
    const mesh = await RunningAgents.start(withHttp(HttpModule.register({})));
    try {
      const ask = async (text: string) => {
        const { status, body } = await mesh.call({
          ...{ as: 'friend', to: 'note', scope: 'note:read', path: '/note', body: { text } },
        });
        expect(status).toBe(200);
        const { statements } = body as { statements: [string] };
        return (decodeUnverified(statements[0]).payload as { hosts: unknown }).hosts;
      };
      expect(await Promise.all([ask('hello'), ask('hello again')])).toEqual([
        [{ host, bytes: 5 }],
        [{ host, bytes: 10 }],
      ]);
    } finally {
      await mesh.close();
    }
  });

  it('are made by no client that the whole process shares', async () => {
    await expect(RunningAgents.start(withHttp(HttpModule))).rejects.toEqual(
      new TypeError('Import HttpModule.register({}), not HttpModule.'),
    );
  });
});
