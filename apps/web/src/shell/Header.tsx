import { ActionIcon, Menu, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import IconChevronDown from '@tabler/icons-react/icons/IconChevronDown';
import IconLogout from '@tabler/icons-react/icons/IconLogout';
import IconMoon from '@tabler/icons-react/icons/IconMoon';
import IconSun from '@tabler/icons-react/icons/IconSun';
import IconSunMoon from '@tabler/icons-react/icons/IconSunMoon';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { type Failure, failureFrom } from '../api/failure.js';
import type { MeDto } from '@mesh/contracts';
import { useSession } from '../session/Session.js';
import { SignInButton } from '../session/SignInButton.js';
import { keepsStorage } from '../session/csrf-token.js';
import { FailureNotice } from './FailureNotice.js';
import styles from './Header.module.css';
import { Mark } from './Mark.js';

export function Header() {
  const { state } = useSession();
  const [path] = useLocation();
  const [failure, setFailure] = useState<Failure>();
  const admin = state.status === 'signed-in' && state.me.admin;
  return (
    <header className={styles.header}>
      <div className={styles.bar}>
        <Link href="/" className={styles.brand} aria-label="Zero Trust AI Agent Mesh, start">
          <Mark />
          <span className={styles.name}>Zero Trust AI Agent Mesh</span>
        </Link>
        <nav aria-label="Main" className={styles.navigation}>
          <NavigationLink href="/" path={path} label="Ask" />
          <NavigationLink href="/verify" path={path} label="Verify" />
          {admin && <NavigationLink href="/agents" path={path} label="Agents" />}
        </nav>
        <div className={styles.end}>
          <ColorSchemeSwitch />
          {state.status === 'signed-in' && <Account me={state.me} onFailure={setFailure} />}
          {state.status === 'signed-out' && path !== '/' && keepsStorage() && (
            <SignInButton
              variant="default"
              size="compact-md"
              to={path === '/verify' ? path : '/'}
            />
          )}
        </div>
      </div>
      {failure && <FailureNotice failure={failure} />}
    </header>
  );
}

function NavigationLink({ href, path, label }: { href: string; path: string; label: string }) {
  return (
    <Link href={href} className={styles.link} aria-current={path === href ? 'page' : undefined}>
      {label}
    </Link>
  );
}

const schemes = {
  auto: { next: 'light', label: 'as the system', Icon: IconSunMoon },
  light: { next: 'dark', label: 'light', Icon: IconSun },
  dark: { next: 'auto', label: 'dark', Icon: IconMoon },
} as const;

function ColorSchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { next, label, Icon } = schemes[colorScheme];
  const name = `Colours: ${label}. Change to: ${schemes[next].label}`;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      className={styles.scheme}
      aria-label={name}
      title={name}
      onClick={() => setColorScheme(next)}
    >
      <Icon size={20} aria-hidden />
    </ActionIcon>
  );
}

function Account({
  me,
  onFailure,
}: {
  me: MeDto;
  onFailure: (failure: Failure | undefined) => void;
}) {
  const session = useSession();
  const [busy, setBusy] = useState(false);
  const signOut = async () => {
    if (busy) return;
    setBusy(true);
    onFailure(undefined);
    try {
      location.assign(await session.signOut());
    } catch (error) {
      onFailure(failureFrom(error));
      setBusy(false);
    }
  };
  return (
    <Menu position="bottom-end" width={260} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <UnstyledButton className={styles.account}>
          <span className="visually-hidden">Account: </span>
          <span className={styles.who}>{me.account}</span>
          <IconChevronDown size={16} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={styles.facts} id="account-facts">
          <p>
            Signed in as <strong>{me.account}</strong>
          </p>
          <p>{me.roles.length > 0 ? `Roles: ${me.roles.join(', ')}` : 'No role in this mesh'}</p>
          {me.session && <p>Until {timeOf(me.session.endsAt)} at the latest</p>}
          <p className="identifier">{me.issuer}</p>
        </div>
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconLogout size={18} aria-hidden />}
          onClick={() => void signOut()}
          aria-describedby="account-facts"
          disabled={busy}
        >
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function timeOf(iso: string): string {
  return new Date(iso).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}
