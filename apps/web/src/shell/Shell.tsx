import { type ReactNode, useLayoutEffect, useRef } from 'react';
import { useLocation } from 'wouter';
import { Header } from './Header.js';
import { FocusContext } from './focus.js';
import styles from './Shell.module.css';

/** What stands around every view. */
export function Shell({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  const shown = useRef(path);
  const focusNext = useRef(false);
  // Before the view's own effects: it asks for it.
  useLayoutEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    focusNext.current = true;
    scrollTo(0, 0);
  }, [path]);
  return (
    <FocusContext value={focusNext}>
      <a href="#content" className={styles.skip}>
        Skip to content
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </FocusContext>
  );
}
