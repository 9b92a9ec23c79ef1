// Before the interface: the first visit, log-in, a password that must be changed.
import { PasswordInput, Text, TextInput, Title } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Session } from '../../generated/api';
import { call } from './api';
import { Form } from './form';

function Gate({ title, text, children, button, run }: { title: string; text: ReactNode; children: ReactNode; button: string; run: () => Promise<void> }) {
  return (
    <main className="gate">
      <Form
        className="gate-card"
        run={run}
        button={button}
        wide
        before={
          <div className="gate-brand">
            <img src="/icon.svg" alt="" /> Countersign
          </div>
        }
      >
        <div>
          <Title order={1} size="h3">
            {title}
          </Title>
          <Text c="dimmed" size="sm" mt={4}>
            {text}
          </Text>
        </div>
        {children}
      </Form>
    </main>
  );
}

const rule = 'At least 12 characters';

export function FirstVisit({ done }: { done: () => Promise<void> }) {
  const [secret, setSecret] = useState('');
  const [fresh, setFresh] = useState('');
  return (
    <Gate
      title="First visit"
      text="Step 1 of 3. The manager printed a set-up password when it started. Type it here, and choose the password of the administrator, whose name is admin."
      button="Set the password"
      run={async () => {
        await call('POST /setup', { body: { setup_password: secret.trim(), new_password: fresh } });
        await call('POST /session', { body: { user: 'admin', password: fresh } });
        await done();
      }}
    >
      <PasswordInput label="Set-up password" name="setup" autoComplete="off" required value={secret} onChange={(e) => setSecret(e.currentTarget.value)} />
      <PasswordInput label="New password" description={rule} name="new" autoComplete="new-password" required minLength={12} value={fresh} onChange={(e) => setFresh(e.currentTarget.value)} />
    </Gate>
  );
}

export function LogIn({ done, ended }: { done: () => Promise<void>; ended: boolean }) {
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  return (
    <Gate
      title="Log in"
      text={ended ? 'Your session has ended. Log in again; you go on where you were.' : 'With your account of this manager, or of your organisation’s directory.'}
      button="Log in"
      run={async () => {
        await call('POST /session', { body: { user: user.trim(), password } });
        await done();
      }}
    >
      <TextInput label="User" name="user" autoComplete="username" required value={user} onChange={(e) => setUser(e.currentTarget.value)} />
      <PasswordInput label="Password" name="password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.currentTarget.value)} />
    </Gate>
  );
}

export function ChangePassword({ session, done }: { session: Session; done: () => Promise<void> }) {
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  return (
    <Gate
      title="Choose your own password"
      text={`Somebody else made the password of ${session.user}. It opens nothing but this.`}
      button="Change the password"
      run={async () => {
        await call('PUT /session/password', { body: { old_password: old, new_password: fresh } });
        await done();
      }}
    >
      <PasswordInput label="The one-time password" name="old" autoComplete="current-password" required value={old} onChange={(e) => setOld(e.currentTarget.value)} />
      <PasswordInput label="New password" description={rule} name="new" autoComplete="new-password" required minLength={12} value={fresh} onChange={(e) => setFresh(e.currentTarget.value)} />
    </Gate>
  );
}
