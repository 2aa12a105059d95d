import IconAlertTriangle from '@tabler/icons-react/icons/IconAlertTriangle';
import IconInfoCircle from '@tabler/icons-react/icons/IconInfoCircle';
import IconPencil from '@tabler/icons-react/icons/IconPencil';
import IconShieldCheck from '@tabler/icons-react/icons/IconShieldCheck';
import type { ReactNode } from 'react';
import styles from './Notice.module.css';

export type Tone = 'info' | 'verified' | 'unverified' | 'refused';

const icons = {
  info: IconInfoCircle,
  verified: IconShieldCheck,
  unverified: IconPencil,
  refused: IconAlertTriangle,
};

interface Props {
  tone: Tone;
  title: ReactNode;
  children?: ReactNode;
  /** `alert` interrupts a screen reader, `status` waits for it. Default: neither. */
  role?: 'alert' | 'status';
}

/** Something the reader should know, by colour, sign and words. */
export function Notice({ tone, title, children, role }: Props) {
  const Icon = icons[tone];
  return (
    <div className={styles.notice} data-tone={tone} role={role}>
      <Icon size={22} aria-hidden />
      <div className={styles.body}>
        <p className={styles.title}>{title}</p>
        {children}
      </div>
    </div>
  );
}
