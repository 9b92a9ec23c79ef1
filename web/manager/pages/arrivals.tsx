// Systems that call and that nobody knows, systems that were announced, and looking for systems in address ranges.
import { Button, Group, Stack, Tabs } from '@mantine/core';
import type { Preregistration, WaitingSystem } from '../../generated/api';
import { call, useGet } from '../kit/api';
import { useAsk } from '../kit/ask';
import { useFilter } from '../kit/filter';
import { sent, type Choice } from '../kit/form';
import { NewScanHelp } from '../kit/help';
import { useMay } from '../kit/session';
import { Card, Head, plainWords, several, State, To, useGo, When } from '../kit/show';
import { Empty, Loaded } from '../kit/states';
import { List, Short, type Column } from '../kit/table';

const places: Choice[] = [{ value: 'lan', label: 'In the local network' }, { value: 'public', label: 'On the public internet' }, { value: 'behind_firewall', label: 'Behind a firewall' }];
const useFamilies = (): Choice[] => (useGet('GET /families').data?.families ?? []).map((one) => ({ value: one.id, label: one.name }));

function Waiting() {
  const may = useMay();
  const ask = useAsk();
  const families = useFamilies();
  const columns: Column<WaitingSystem>[] = [
    { id: 'name', title: 'Says to be', width: 'minmax(9rem, 1fr)', cell: (one) => one.name || one.product || '–', csv: (one) => one.name },
    { id: 'serial', title: 'Serial number', width: '9rem', cell: (one) => one.serial_number, csv: (one) => one.serial_number },
    { id: 'mac', title: 'MAC address', width: '10rem', cell: (one) => one.mac_address, csv: (one) => one.mac_address },
    { id: 'address', title: 'Called from', width: '9rem', cell: (one) => <>{one.address} {one.perhaps_behind_firewall && <State value="fw" tone="warn" label="firewall?" />}</>, csv: (one) => one.address },
    { id: 'last', title: 'Last call', width: '11rem', cell: (one) => <When at={one.last_seen} />, csv: (one) => one.last_seen },
    { id: 'calls', title: 'Calls', width: '4rem', cell: (one) => one.calls, csv: (one) => one.calls },
    ...(may('POST /waiting-systems/{id}/accept')
      ? [{ id: 'actions', title: 'Decide', width: '12rem', cell: (one: WaitingSystem) => (
          <Group gap={4}>
            <Button size="compact-xs" onClick={() => ask({ title: 'Accept the system', button: 'Add it', text: 'It is added at the address that it called from. What it says of itself is checked then.', fields: [{ name: 'name', label: 'Name', value: one.name }, { name: 'host_name', label: 'Host name' }, { name: 'family', label: 'Family', kind: 'choice', choices: families }, { name: 'folder', label: 'Folder', placeholder: '/Berlin' }, { name: 'password', label: 'Password', kind: 'new-password' }, { name: 'connectivity', label: 'Where it stands', kind: 'choice', choices: places }], run: (values) => call('POST /waiting-systems/{id}/accept', { params: { id: one.id }, body: sent(values) }) })}>Accept</Button>
            {!one.rejected && <Button size="compact-xs" variant="default" onClick={() => ask({ title: 'Do not show it again', button: 'Reject', run: () => call('POST /waiting-systems/{id}/reject', { params: { id: one.id } }) })}>Reject</Button>}
            <Button size="compact-xs" variant="default" onClick={() => ask({ title: 'Forget it', button: 'Forget', text: 'Its next call brings it back.', run: () => call('DELETE /waiting-systems/{id}', { params: { id: one.id } }) })}>Forget</Button>
          </Group>
        ) }]
      : []),
  ];
  return <List operation="GET /waiting-systems" name="waiting-systems" rows={(page) => page.waiting} columns={columns} id={(one) => one.id} empty={<Empty title="Nobody waits">A system that calls this manager and is not known appears here.</Empty>} />;
}

function Announced() {
  const may = useMay();
  const ask = useAsk();
  const families = useFamilies();
  const columns: Column<Preregistration>[] = [
    { id: 'name', title: 'Name', width: 'minmax(8rem, 1fr)', cell: (one) => (one.system ? <To href={`/systems/${one.system}`}>{one.name || one.host_name}</To> : one.name || one.host_name || '–'), csv: (one) => one.name },
    { id: 'mac', title: 'MAC address', width: '10rem', cell: (one) => one.mac_address, csv: (one) => one.mac_address },
    { id: 'serial', title: 'Serial number', width: '9rem', cell: (one) => one.serial_number, csv: (one) => one.serial_number },
    { id: 'family', title: 'Family', width: '7rem', cell: (one) => one.family, csv: (one) => one.family },
    { id: 'folder', title: 'Folder', width: '8rem', cell: (one) => one.folder, csv: (one) => one.folder },
    { id: 'state', title: 'State', width: '8rem', cell: (one) => <State value={one.state} tone={one.state === 'confirmed' ? 'good' : one.state === 'called' ? 'info' : 'plain'} />, csv: (one) => one.state },
    ...(may('DELETE /preregistrations/{id}') ? [{ id: 'remove', title: 'Withdraw', width: '7rem', cell: (one: Preregistration) => <Button size="compact-xs" variant="default" onClick={() => ask({ title: 'Withdraw the announcement', button: 'Withdraw', text: 'A system that it became stays.', run: () => call('DELETE /preregistrations/{id}', { params: { id: one.id } }) })}>Withdraw</Button> }] : []),
  ];
  return <List operation="GET /preregistrations" name="announced-systems" rows={(page) => page.preregistrations} columns={columns} id={(one) => one.id} empty={<Empty title="Nothing is announced">A system that is announced by MAC address or serial number is added by its first call.</Empty>} tools={may('POST /preregistrations') && <Button onClick={() => ask({ title: 'Announce a system', button: 'Announce it', fields: [{ name: 'mac_address', label: 'MAC address' }, { name: 'serial_number', label: 'Or serial number' }, { name: 'name', label: 'Name' }, { name: 'host_name', label: 'Host name' }, { name: 'family', label: 'Family', kind: 'choice', choices: families }, { name: 'folder', label: 'Folder', placeholder: '/Berlin' }, { name: 'user', label: 'User' }, { name: 'password', label: 'Password', kind: 'new-password' }, { name: 'connectivity', label: 'Where it stands', kind: 'choice', choices: places }], run: (values) => call('POST /preregistrations', { body: sent(values) }) })}>Announce a system</Button>} />;
}

function ScanResult({ id }: { id: number }) {
  // Only its beginning and its end are announced.
  const scan = useGet('GET /scans/{id}', { params: { id } }, { refetchInterval: (seen) => seen?.state === 'running' && 2_000 });
  const may = useMay();
  const ask = useAsk();
  return (
    <Loaded of={scan}>
      {(one) => (
        <Card
          title={`Scan ${one.id}: ${one.ranges.join(', ')}`}
          aside={
            <Group gap="xs">
              {one.state === 'running' && may('POST /scans/{id}/cancel') && <Button size="xs" variant="default" onClick={() => ask({ title: 'End the scan', button: 'End it', run: () => call('POST /scans/{id}/cancel', { params: { id } }) })}>End it</Button>}
              {may('POST /scans/{id}/add') && one.findings.some((found) => found.family && !found.system) && <Button size="xs" onClick={() => ask({ title: 'Add what was found', button: 'Add them', done: 'They were added.', fields: [{ name: 'addresses', label: 'Addresses', kind: 'choices', value: one.findings.filter((found) => found.family && !found.system).map((found) => found.address), choices: one.findings.filter((found) => !found.system).map((found) => ({ value: found.address, label: `${found.address} ${found.name || found.host_name}` })) }, { name: 'folder', label: 'Folder', placeholder: '/Berlin' }], run: (values) => call('POST /scans/{id}/add', { params: { id }, body: sent(values) as never }) })}>Add…</Button>}
            </Group>
          }
        >
          <p><State value={one.state} /> {one.looked_at} of {several(one.addresses, 'address').replace('addresss', 'addresses')} looked at. {one.note}</p>
          {one.findings.length > 0 && <Short label="Findings" heads={['Address', 'Family', 'Name', 'Answers', '']} rows={one.findings.map((found) => [found.address, found.family || '–', found.name || found.host_name, found.answers.join(', '), found.system ? <To href={`/systems/${found.system}`}>known</To> : found.problem])} />}
        </Card>
      )}
    </Loaded>
  );
}

function Scans() {
  const scans = useGet('GET /scans');
  const may = useMay();
  const ask = useAsk();
  const [{ scan: shown }, show] = useFilter('/arrivals/scans');
  return (
    <Stack>
      {may('POST /scans') && <Group><Button onClick={() => ask({ title: 'Look for systems', button: 'Begin', text: 'Each address is asked which services it offers; nothing is changed.', fields: [{ name: 'ranges', label: 'Addresses', kind: 'list', required: true, help: (NewScanHelp as Record<string, string>).ranges }, { name: 'rate', label: 'Addresses a second', kind: 'number', value: 50 }, { name: 'add_recognised', label: 'Add what is recognised', kind: 'check' }, { name: 'folder', label: 'Folder', placeholder: '/Berlin' }], run: async (values) => show({ scan: String((await call('POST /scans', { body: sent(values) as never })).id) }) })}>Look for systems</Button></Group>}
      <Loaded of={scans} operation="GET /scans">
        {(page) => (page.scans.length === 0 ? <Empty title="No scan yet" /> : <Card title="The newest scans"><Short label="Scans" heads={['Scan', 'Addresses', 'State', 'Began', '']} rows={page.scans.map((one) => [one.id, one.ranges.join(', '), <State value={one.state} label={plainWords(one.state)} />, <When at={one.started} />, <Button size="compact-xs" variant="default" onClick={() => show({ scan: String(one.id) })}>Show</Button>])} /></Card>)}
      </Loaded>
      {shown && <ScanResult id={Number(shown)} />}
    </Stack>
  );
}

export default function Arrivals({ part = 'waiting' }: { part?: string }) {
  const go = useGo();
  return (
    <>
      <Head title="Arrivals">Systems on their way into the estate.</Head>
      <Tabs value={part} onChange={(next) => go(`/arrivals/${next}`)} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="waiting">Called and not known</Tabs.Tab>
          <Tabs.Tab value="announced">Announced</Tabs.Tab>
          <Tabs.Tab value="scans">Scans</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="waiting"><Waiting /></Tabs.Panel>
        <Tabs.Panel value="announced"><Announced /></Tabs.Panel>
        <Tabs.Panel value="scans"><Scans /></Tabs.Panel>
      </Tabs>
    </>
  );
}
