import { useEffect, useRef, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { Header } from './Header.js';
import styles from './Shell.module.css';

/** What stands around every view. */
export function Shell({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  const shown = useRef(path);
  // Without a page load nobody tells a screen reader that the view changed.
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    scrollTo(0, 0);
    // A view that is still being loaded has no heading yet.
    document.querySelector<HTMLElement>('h1, main:not(:has(h1))')?.focus();
  }, [path]);
  return (
    <>
      <a href="#content" className={styles.skip}>
        Skip to content
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}
