import { Button, type ButtonProps } from '@mantine/core';
import IconLogin2 from '@tabler/icons-react/icons/IconLogin2';
import type { MouseEvent } from 'react';
import { Notice } from '../shell/Notice.js';
import { keepsStorage } from './csrf-token.js';
import { beginSignIn } from './own-sign-in.js';

interface Props extends ButtonProps {
  /** Path to come back to. Default: this page. */
  to?: string;
  children?: string;
}

/** Leads to the issuer, or says why it cannot. */
export function SignInButton({ to = location.pathname, children = 'Sign in', ...props }: Props) {
  if (!keepsStorage()) {
    return (
      <Notice tone="refused" title="This browser keeps no cookies for this page">
        Without them nobody can sign in. Allow cookies and site data for {location.host}, then
        reload this page.
      </Notice>
    );
  }
  const begin = (event: MouseEvent) => {
    // Into another tab it goes by the link, and that tab begins it anew.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void beginSignIn(to, (address) => location.assign(address));
  };
  return (
    <Button
      component="a"
      href={`/sign-in?to=${encodeURIComponent(to)}`}
      onClick={begin}
      leftSection={<IconLogin2 size={18} aria-hidden />}
      {...props}
    >
      {children}
    </Button>
  );
}
