import { Title } from '@mantine/core';
import { type ReactNode, useContext, useEffect, useRef } from 'react';
import { FocusContext } from './focus.js';
import styles from './Page.module.css';

interface Props {
  title: string;
  /** `wide` for what is more than a text. */
  width?: 'text' | 'wide';
  lead?: ReactNode;
  children?: ReactNode;
}

/** A view with its heading and the title of the tab. */
export function Page({ title, width = 'text', lead, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Zero Trust AI Agent Mesh`;
  }, [title]);
  const heading = useRef<HTMLHeadingElement>(null);
  const focusNext = useContext(FocusContext);
  useEffect(() => {
    if (!focusNext.current) return;
    focusNext.current = false;
    heading.current?.focus();
  }, [focusNext]);
  return (
    <div className={styles.page} data-width={width}>
      <Title
        ref={heading}
        order={1}
        tabIndex={-1}
        dir="auto"
        className={styles.title}
        data-long={title.length > 120}
      >
        {title}
      </Title>
      {lead && <p className={styles.lead}>{lead}</p>}
      {children}
    </div>
  );
}
