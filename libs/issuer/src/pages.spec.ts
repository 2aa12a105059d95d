import { describe, expect, it } from '@jest/globals';
import {
  consentPage,
  errorPage,
  loginPage,
  logoutPage,
  signedOutPage,
  welcomePage,
} from './pages.js';

const attack = `"><script>alert('&')</script>`;

describe('the pages', () => {
  it.each([
    loginPage(attack, { problem: attack, hint: attack, passwordsFile: attack }),
    consentPage(attack, attack, [attack], [attack], attack),
    errorPage(attack, attack),
    logoutPage(attack, attack),
    welcomePage(attack),
  ])('hold no markup of what they are given', (page) => {
    expect(page).not.toContain('<script');
    expect(page).toContain('&#34;&#62;&#60;script&#62;');
  });

  it.each([
    loginPage('Client'),
    consentPage('Client', 'reader', [], [], '/'),
    errorPage('x', 'y'),
    logoutPage('reader', 'z'),
    welcomePage('reader'),
    signedOutPage(),
  ])('have a language, a title, one heading, and neither script nor style in them', (page) => {
    expect(page).toMatch(/<html lang="en">/);
    expect(page).toMatch(/<title>[^<]+<\/title>/);
    expect(page.match(/<h1>/g)).toHaveLength(1);
    expect(page).not.toMatch(/<script|<style|style=|\son\w+=/);
  });

  it('label each field, and tie the problem to the password', () => {
    const page = loginPage('Client', { problem: 'No.' });
    for (const id of ['account', 'password']) {
      expect(page).toContain(`<label for="${id}">`);
      expect(page).toContain(`id="${id}"`);
    }
    expect(page).toContain('aria-describedby="problem"');
    expect(page).toMatch(/role="alert" id="problem">No\./);
  });
});
