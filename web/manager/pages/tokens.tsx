import { Button, Stack } from '@mantine/core';
import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import type { TokenInfo } from '../../generated/api';
import { call } from '../kit/api';
import { useAsk } from '../kit/ask';
import { sent } from '../kit/form';
import { useMay } from '../kit/session';
import { Card, CopyText, Head, State, When } from '../kit/show';
import { Empty } from '../kit/states';
import { List, type Column } from '../kit/table';

export default function Tokens() {
  const may = useMay();
  const ask = useAsk();
  const [secret, setSecret] = useState<{ name: string; token: string }>();
  const columns: Column<TokenInfo>[] = [
    { id: 'name', title: 'Name', width: 'minmax(9rem, 1fr)', cell: (one) => <b>{one.name}</b>, csv: (one) => one.name },
    { id: 'owner', title: 'Owner', width: '9rem', cell: (one) => one.owner ?? 'the machine', csv: (one) => one.owner },
    { id: 'role', title: 'Role', width: '11rem', cell: (one) => <>{one.role} {one.read_only && <State value="reads" label="only looks" />}</>, csv: (one) => one.role },
    { id: 'folder', title: 'Folder', width: '9rem', cell: (one) => one.folder ?? 'everywhere', csv: (one) => one.folder },
    { id: 'created', title: 'Made', width: '11rem', cell: (one) => <When at={one.created} />, csv: (one) => one.created },
    { id: 'expires', title: 'Ends', width: '11rem', cell: (one) => <When at={one.expires} day />, csv: (one) => one.expires },
    ...(may('DELETE /tokens/{id}') ? [{ id: 'remove', title: 'Take back', width: '7rem', cell: (one: TokenInfo) => <Button size="compact-xs" variant="default" onClick={() => ask({ title: `Take ${one.name} back`, danger: true, text: 'Programs that use it are refused from now on.', button: 'Take it back', run: () => call('DELETE /tokens/{id}', { params: { id: one.id } }) })}>Take back</Button> }] : []),
  ];
  return (
    <>
      <Head title="Tokens" actions={may('POST /tokens') && <Button leftSection={<KeyRound size={16} />} onClick={() => ask({ title: 'New token', button: 'Make it', fields: [{ name: 'name', label: 'Name', required: true, placeholder: 'nightly-report' }, { name: 'days', label: 'Days that it lives', kind: 'number', value: 365 }, { name: 'role', label: 'Role', kind: 'choice', choices: ['viewer', 'operator', 'auditor', 'administrator'].map((value) => ({ value, label: value })), help: 'At most your own, which is the default' }, { name: 'read_only', label: 'Only looks', kind: 'check' }, { name: 'folder', label: 'Folder', help: 'Path; it then reaches the systems there and below, and nothing else' }], run: async (values) => setSecret({ name: values.name, token: (await call('POST /tokens', { body: sent(values) as never })).token }) })}>New token</Button>}>
        For programs. A token may never do more than its owner may at that moment.
      </Head>
      <Stack>
        {secret && (
          <Card title={`The token ${secret.name}`} aside={<Button size="xs" variant="default" onClick={() => setSecret(undefined)}>I have it</Button>}>
            <p className="secret">{secret.token} <CopyText text={secret.token} label="Copy the token" /></p>
            <p className="dimmed">It is shown only now.</p>
          </Card>
        )}
        <List operation="GET /tokens" name="tokens" rows={(page) => page.tokens} columns={columns} id={(one) => one.id} empty={<Empty title="No tokens" />} />
      </Stack>
    </>
  );
}
