import { describe, expect, it } from '@jest/globals';
import { assertAgentName } from './agent-name.js';

const taken = ['gateway', 'writer'];

describe('the name of a new agent', () => {
  it.each(['translator', 'a', 'agent-2', 'n'.repeat(60)])('may be %s', (name) => {
    expect(() => assertAgentName(name, taken)).not.toThrow();
  });

  it.each([
    ['is empty', '', /1 to 60 lower-case letters/],
    ['is no DNS label', 'My_Agent', /1 to 60 lower-case letters/],
    ['begins with a digit', '2nd', /the first a letter/],
    ['ends with a dash', 'agent-', /1 to 60/],
    ['leads elsewhere', '../agent', /1 to 60/],
    ['has a second line', 'agent\n', /1 to 60/],
    ['is too long for the name of an action', 'n'.repeat(61), /1 to 60/],
    ['is taken', 'writer', /it is taken/],
    ['is that of a stand-in', 'issuer', /it means something else/],
    ['is that of a provider', 'gemini', /it means something else/],
    ['is a word of agent.yaml', 'delegates', /it means something else/],
  ])('is refused if it %s', (_, name, why) => {
    const refused = expect.objectContaining({
      code: 'ERR_AGENT_NAME',
      message: expect.stringMatching(why),
    });
    expect(() => assertAgentName(name, taken)).toThrow(refused);
  });
});
