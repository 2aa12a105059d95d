import type { Browser, Visited } from '../kit/browser.js';
import type { Running } from './program.js';

/** What a newcomer is told to open. */
export function linkOf({ stderr }: Running): { link: string; publicUrl: string } {
  const [, link, publicUrl] =
    /^Open\b.*?: +(\S+) \(signs you in as analyst, once and within 10 minutes; later open (\S+)\)$/m.exec(
      stderr,
    )!;
  return { link: link!, publicUrl: publicUrl! };
}

/** Where a browser ends that a person opens the link in: the page that is handed the session, or one that asks. */
export async function opened(browser: Browser, link: string): Promise<Visited> {
  const headers = {
    'sec-fetch-site': 'none',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  };
  let page = await browser.send(link, { headers });
  while (page.location !== undefined && !page.location.includes('#csrf=')) {
    page = await browser.send(page.location);
  }
  return page;
}

/** For a browser in which no password is typed. */
export function nobody(): never {
  throw new Error('A password was asked for.');
}
