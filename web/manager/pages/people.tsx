// Accounts: who may come in, with which role, and who is locked out.
import { Button, Menu, Stack } from '@mantine/core';
import { ChevronDown, UserPlus } from 'lucide-react';
import { useState } from 'react';
import type { Account } from '../../generated/api';
import { call, useGet } from '../kit/api';
import { useAsk } from '../kit/ask';
import { useFilter } from '../kit/filter';
import { type Choice } from '../kit/form';
import { useMay } from '../kit/session';
import { Card, CopyText, Fact, Facts, Head, State, When } from '../kit/show';
import { Empty, Loaded } from '../kit/states';
import { List, Short, type Column } from '../kit/table';

const roles: Choice[] = [
  { value: 'viewer', label: 'Viewer: looks' },
  { value: 'operator', label: 'Operator: works on systems' },
  { value: 'auditor', label: 'Auditor: looks, at the trail too' },
  { value: 'administrator', label: 'Administrator: everything' },
];

function Sessions({ name }: { name: string }) {
  const sessions = useGet('GET /accounts/{name}/sessions', { params: { name } });
  const ask = useAsk();
  return (
    <Loaded of={sessions} operation="GET /accounts/{name}/sessions">
      {(page) =>
        page.sessions.length === 0 ? (
          <p className="dimmed">No open sessions.</p>
        ) : (
          <Short label="Sessions" heads={['Began', 'Ends', 'From', 'By', '']} rows={page.sessions.map((one) => [<When at={one.created} />, <When at={one.expires} />, one.address, one.method, <Button size="compact-xs" variant="default" onClick={() => ask({ title: 'End this session', button: 'End it', run: () => call('DELETE /accounts/{name}/sessions/{id}', { params: { name, id: one.id } }) })}>End</Button>])} />
        )
      }
    </Loaded>
  );
}

export default function People() {
  const may = useMay();
  const ask = useAsk();
  const [secret, setSecret] = useState<{ name: string; password: string }>();
  const [{ sessions: shown }, show] = useFilter('/people');
  const account = (one: Account) => {
    const params = { name: one.name };
    return (
      <Menu position="bottom-end">
        <Menu.Target>
          <Button size="compact-xs" variant="default" rightSection={<ChevronDown size={12} />} aria-label={`Actions for ${one.name}`}>
            Actions
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => ask({ title: `Change ${one.name}`, button: 'Save', fields: [{ name: 'full_name', label: 'Full name', value: one.full_name }, { name: 'role', label: 'Role', kind: 'choice', required: true, value: one.role, choices: roles }, { name: 'enabled', label: 'May log in', kind: 'check', value: one.enabled }], run: (values) => call('PATCH /accounts/{name}', { params, body: values }) })}>Change…</Menu.Item>
          <Menu.Item onClick={() => ask({ title: `New password for ${one.name}`, text: 'A one-time password is made; the sessions of the account end.', button: 'Make it', run: async () => setSecret({ name: one.name, password: (await call('POST /accounts/{name}/password', { params, body: {} })).one_time_password ?? '' }) })}>New password…</Menu.Item>
          {(one.failed_log_ins > 0 || one.locked_until) && <Menu.Item onClick={() => ask({ title: `Unlock ${one.name}`, button: 'Unlock', text: 'The failed log-ins are forgotten, and those of the addresses they came from.', done: 'It is unlocked.', run: () => call('POST /accounts/{name}/unlock', { params }) })}>Unlock…</Menu.Item>}
          <Menu.Item onClick={() => show({ sessions: one.name })}>Sessions</Menu.Item>
          <Menu.Item color="red" onClick={() => ask({ title: `Delete ${one.name}`, danger: true, text: 'Its sessions end, and its tokens with it.', button: 'Delete it', run: () => call('DELETE /accounts/{name}', { params }) })}>Delete…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    );
  };
  const columns: Column<Account>[] = [
    { id: 'name', title: 'Account', width: 'minmax(8rem, 1fr)', cell: (one) => <b>{one.name}</b>, csv: (one) => one.name },
    { id: 'full_name', title: 'Full name', width: 'minmax(8rem, 1fr)', cell: (one) => one.full_name || '–', csv: (one) => one.full_name },
    { id: 'role', title: 'Role', width: '8rem', cell: (one) => one.role, csv: (one) => one.role },
    { id: 'state', title: 'State', width: '9rem', cell: (one) => (one.locked_until && Date.parse(one.locked_until) > Date.now() ? <State value="locked" tone="bad" label="Locked" /> : <State value={one.enabled ? 'enabled' : 'disabled'} />), csv: (one) => (one.enabled ? 'enabled' : 'disabled') },
    { id: 'last', title: 'Last log-in', width: '12rem', cell: (one) => <><When at={one.last_log_in} /> {one.last_address}</>, csv: (one) => one.last_log_in },
    { id: 'failed', title: 'Failed', width: '5rem', cell: (one) => one.failed_log_ins, csv: (one) => one.failed_log_ins },
    { id: 'sessions', title: 'Sessions', width: '5.5rem', cell: (one) => one.sessions, csv: (one) => one.sessions },
    { id: 'tokens', title: 'Tokens', width: '5rem', cell: (one) => one.tokens, csv: (one) => one.tokens },
    ...(may('PATCH /accounts/{name}') ? [{ id: 'actions', title: 'Actions', width: '7rem', cell: account }] : []),
  ];
  return (
    <>
      <Head title="People" actions={may('POST /accounts') && <Button leftSection={<UserPlus size={16} />} onClick={() => ask({ title: 'New account', button: 'Make it', fields: [{ name: 'name', label: 'Account', required: true }, { name: 'full_name', label: 'Full name' }, { name: 'role', label: 'Role', kind: 'choice', required: true, value: 'viewer', choices: roles }], run: async ({ name, full_name, role }) => setSecret({ name, password: (await call('POST /accounts', { body: { name, full_name: full_name ?? '', role } })).one_time_password ?? '' }) })}>New account</Button>}>
        A session ends after 12 hours. There is always an enabled administrator.
      </Head>
      <Stack>
        {secret && (
          <Card title={`The one-time password of ${secret.name}`} aside={<Button size="xs" variant="default" onClick={() => setSecret(undefined)}>I have it</Button>}>
            <p className="secret">{secret.password} <CopyText text={secret.password} label="Copy the password" /></p>
            <p className="dimmed">It is shown only now, and must be changed at the first log-in.</p>
          </Card>
        )}
        <List operation="GET /accounts" name="accounts" rows={(page) => page.accounts} columns={columns} id={(one) => one.name} empty={<Empty title="No accounts" />} />
        {shown && (
          <Card title={`Sessions of ${shown}`} aside={<Button size="xs" variant="default" onClick={() => ask({ title: `End all sessions of ${shown}`, button: 'End them', run: () => call('DELETE /accounts/{name}/sessions', { params: { name: shown } }) })}>End all</Button>}>
            <Facts><Fact name="Account">{shown}</Fact></Facts>
            <Sessions name={shown} />
          </Card>
        )}
      </Stack>
    </>
  );
}
