import { describe, expect, it } from '@jest/globals';
import { checkRights } from './file-rights.js';

const file = { mode: 0o100600, uid: 1000, isFile: () => true, isDirectory: () => false };
const folder = { mode: 0o40700, uid: 1000, isFile: () => false, isDirectory: () => true };

describe('checkRights', () => {
  it('accepts 0600 and 0700 of this user', () => {
    expect(() => checkRights('file', 'secrets/gemini', file, 1000)).not.toThrow();
    expect(() => checkRights('folder', 'secrets', folder, 1000)).not.toThrow();
  });

  it.each([0o640, 0o620, 0o604, 0o602, 0o601, 0o610])('refuses mode %o', (mode) => {
    expect(() => checkRights('file', 'secrets/gemini', { ...file, mode }, 1000)).toThrow(
      expect.objectContaining({
        code: 'ERR_SECRET_FILE_MODE',
        message: expect.stringContaining('chmod 600 secrets/gemini'),
      }),
    );
  });

  it('names chmod 700 for a folder', () => {
    expect(() => checkRights('folder', 'secrets', { ...folder, mode: 0o750 }, 1000)).toThrow(
      expect.objectContaining({
        code: 'ERR_SECRET_FILE_MODE',
        message: expect.stringContaining('chmod 700 secrets'),
      }),
    );
  });

  it("refuses another user's", () => {
    expect(() => checkRights('file', 'secrets/gemini', file, 1001)).toThrow(
      expect.objectContaining({ code: 'ERR_SECRET_FILE_OWNER' }),
    );
  });

  it('refuses a folder for a file and a file for a folder', () => {
    const refused = expect.objectContaining({ code: 'ERR_SECRET_FILE_TYPE' });
    expect(() => checkRights('file', 'secrets/gemini', folder, 1000)).toThrow(refused);
    expect(() => checkRights('folder', 'secrets', file, 1000)).toThrow(refused);
  });
});
