/** Under this name all tabs of the origin share it; other ports of the host cannot read it. */
export const CSRF_KEY = 'mesh-csrf';

/** What the gateway handed over at sign-in. It opens nothing without the session's cookie, nor the cookie without it. */
export function csrfToken(): string | undefined {
  try {
    return localStorage.getItem(CSRF_KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

/** @throws DOMException where the browser keeps nothing for this site */
export function keepCsrfToken(token: string): void {
  localStorage.setItem(CSRF_KEY, token);
}

/** Unless another tab has signed in meanwhile. */
export function forgetCsrfToken(token: string): void {
  if (csrfToken() === token) localStorage.removeItem(CSRF_KEY);
}

export function isCsrfToken(text: string | null): text is string {
  return text !== null && /^[A-Za-z0-9._~-]{16,512}$/.test(text);
}

/** Whether the browser keeps cookies and storage for this site: without them there is no session. */
export function keepsStorage(): boolean {
  try {
    localStorage.setItem('mesh-probe', '1');
    localStorage.removeItem('mesh-probe');
    return navigator.cookieEnabled;
  } catch {
    return false;
  }
}
