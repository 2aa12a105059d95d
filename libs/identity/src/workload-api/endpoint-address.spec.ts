import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EndpointAddressError } from './endpoint-address.error.js';
import { grpcTarget, parseEndpointAddress } from './endpoint-address.js';

function codeOf(text: string | undefined): string {
  try {
    parseEndpointAddress(text);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof EndpointAddressError)) throw error;
    return error.code;
  }
}

describe('parseEndpointAddress', () => {
  it.each([
    ['unix:///run/spire/agent.sock', '/run/spire/agent.sock'],
    ['unix:/run/spire/agent.sock', '/run/spire/agent.sock'],
    ['UNIX:///run/spire/agent.sock', '/run/spire/agent.sock'],
    ['unix:///run/a%20b%3F.sock', '/run/a b?.sock'],
    ['unix:////run/agent.sock', '//run/agent.sock'],
    [`unix:///${'a'.repeat(106)}`, `/${'a'.repeat(106)}`],
  ])('takes %s', (text, path) => {
    expect(parseEndpointAddress(text)).toEqual({ scheme: 'unix', path });
  });

  it.each([
    ['tcp://127.0.0.1:8000', '127.0.0.1', 8000],
    ['tcp://[::1]:1', '::1', 1],
    ['tcp://169.254.1.1:65535', '169.254.1.1', 65535],
  ])('takes %s', (text, host, port) => {
    expect(parseEndpointAddress(text)).toEqual({ scheme: 'tcp', host, port });
  });

  it.each([
    ['', 'ERR_ENDPOINT_UNSET'],
    ['/run/agent.sock', 'ERR_ENDPOINT_MALFORMED'],
    ['unix:///run/%zz.sock', 'ERR_ENDPOINT_MALFORMED'],
    ['unix:///run/%ff.sock', 'ERR_ENDPOINT_MALFORMED'],
    ['unix:///run/agent.sock\n', 'ERR_ENDPOINT_MALFORMED'],
    ['http://127.0.0.1:8000', 'ERR_ENDPOINT_SCHEME'],
    ['unix-abstract:agent', 'ERR_ENDPOINT_SCHEME'],
    ['unix://run/agent.sock', 'ERR_ENDPOINT_AUTHORITY'],
    ['unix://user@/run/agent.sock', 'ERR_ENDPOINT_AUTHORITY'],
    ['unix:run/agent.sock', 'ERR_ENDPOINT_PATH'],
    ['unix:', 'ERR_ENDPOINT_PATH'],
    ['unix:///', 'ERR_ENDPOINT_PATH'],
    ['unix:///run/', 'ERR_ENDPOINT_PATH'],
    ['unix:///run/%00', 'ERR_ENDPOINT_PATH'],
    ['unix:///run/agent.sock?a=b', 'ERR_ENDPOINT_COMPONENT'],
    ['unix:///run/agent.sock?', 'ERR_ENDPOINT_COMPONENT'],
    ['unix:///run/agent.sock#a', 'ERR_ENDPOINT_COMPONENT'],
    [`unix:///${'a'.repeat(107)}`, 'ERR_ENDPOINT_PATH_TOO_LONG'],
    [`unix:///${'ä'.repeat(54)}`, 'ERR_ENDPOINT_PATH_TOO_LONG'],
    ['tcp://localhost:8000', 'ERR_ENDPOINT_HOST'],
    ['tcp://:8000', 'ERR_ENDPOINT_HOST'],
    ['tcp:127.0.0.1:8000', 'ERR_ENDPOINT_PATH'],
    ['tcp:', 'ERR_ENDPOINT_HOST'],
    ['tcp://[127.0.0.1]:8000', 'ERR_ENDPOINT_HOST'],
    ['tcp://::1:8000', 'ERR_ENDPOINT_HOST'],
    ['tcp://[fe80::1%25eth0]:8000', 'ERR_ENDPOINT_HOST'],
    ['tcp://127.1:8000', 'ERR_ENDPOINT_HOST'],
    ['tcp://127.0.0.1', 'ERR_ENDPOINT_PORT'],
    ['tcp://127.0.0.1:', 'ERR_ENDPOINT_PORT'],
    ['tcp://127.0.0.1:0', 'ERR_ENDPOINT_PORT'],
    ['tcp://127.0.0.1:65536', 'ERR_ENDPOINT_PORT'],
    ['tcp://127.0.0.1:80a', 'ERR_ENDPOINT_PORT'],
    ['tcp://user@127.0.0.1:8000', 'ERR_ENDPOINT_AUTHORITY'],
    ['tcp://127.0.0.1:8000/', 'ERR_ENDPOINT_PATH'],
    ['tcp://127.0.0.1:8000/foo', 'ERR_ENDPOINT_PATH'],
    ['tcp://127.0.0.1:8000?a', 'ERR_ENDPOINT_COMPONENT'],
    ['tcp://127.0.0.1:8000#a', 'ERR_ENDPOINT_COMPONENT'],
  ])('refuses %j with %s', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  describe('without an argument', () => {
    let before: string | undefined;
    beforeEach(() => {
      before = process.env.SPIFFE_ENDPOINT_SOCKET;
    });
    afterEach(() => {
      if (before === undefined) delete process.env.SPIFFE_ENDPOINT_SOCKET;
      else process.env.SPIFFE_ENDPOINT_SOCKET = before;
    });

    it('reads SPIFFE_ENDPOINT_SOCKET', () => {
      process.env.SPIFFE_ENDPOINT_SOCKET = 'unix:///run/agent.sock';
      expect(parseEndpointAddress()).toEqual({ scheme: 'unix', path: '/run/agent.sock' });
      delete process.env.SPIFFE_ENDPOINT_SOCKET;
      expect(codeOf(undefined)).toBe('ERR_ENDPOINT_UNSET');
    });
  });
});

describe('grpcTarget', () => {
  it.each([
    ['unix:///run/agent.sock', 'unix:///run/agent.sock'],
    ['tcp://127.0.0.1:8000', 'ipv4:127.0.0.1:8000'],
    ['tcp://[::1]:8000', 'ipv6:[::1]:8000'],
  ])('of %s is %s', (text, target) => {
    expect(grpcTarget(parseEndpointAddress(text))).toBe(target);
  });
});
