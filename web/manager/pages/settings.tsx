// The policy, exceptions, the manager's doors and names, where tickets are told, which vendors are believed.
import { Button, Group, Tabs } from '@mantine/core';
import type { NotificationChannel, Policy } from '../../generated/api';
import { call, useGet } from '../kit/api';
import { tell, useAsk } from '../kit/ask';
import { useFolders } from '../kit/every_folder';
import { changed, fileText, sent, type Field } from '../kit/form';
import { ChannelHelp, NetworkHelp, PolicyChangeHelp } from '../kit/help';
import { FamiliesWithTwo, identityChoices } from '../kit/identities';
import { useMay } from '../kit/session';
import { Card, Fact, Facts, Fingerprint, Head, plainWords, State, To, useGo, When } from '../kit/show';
import { Empty, ErrorHint, Loaded } from '../kit/states';
import { List, Short, type Column } from '../kit/table';

const policyHelp = PolicyChangeHelp as Record<string, string>;
const yesNo = (value: boolean) => (value ? 'yes' : 'no');

const policyFields = (one: Policy): Field[] => [
  { name: 'manager_host_name', label: 'Name of the manager for systems', value: one.manager_host_name },
  { name: 'dns_servers', label: 'DNS servers', kind: 'list', value: one.dns_servers },
  { name: 'dns_domain', label: 'DNS domain', value: one.dns_domain },
  { name: 'ntp_server', label: 'NTP server', value: one.ntp_server },
  { name: 'keep_ssh', label: 'Leave SSH on', kind: 'check', value: one.keep_ssh },
  { name: 'change_factory_passwords', label: 'Change factory passwords', kind: 'check', value: one.change_factory_passwords },
  { name: 'certificate_days', label: 'Days that certificates live', kind: 'number', value: one.certificate_days },
  { name: 'renew_days_before', label: 'Renewed so many days before their end', kind: 'number', value: one.renew_days_before },
  { name: 'renewal_windows', label: 'Renewal windows', kind: 'list', spaces: true, value: one.renewal_windows, help: policyHelp.renewal_windows },
  { name: 'key_type', label: 'Key', value: one.key_type },
  { name: 'identities', label: 'Certificates of a system', kind: 'choice', required: true, value: one.identities, choices: identityChoices, help: policyHelp.identities },
  { name: 'revocation', label: 'Revocation', kind: 'choice', required: true, value: one.revocation, choices: ['off', 'soft', 'hard'].map((value) => ({ value, label: value })), help: policyHelp.revocation },
  { name: 'trial_seconds', label: 'Trial, in seconds', kind: 'number', value: one.trial_seconds, help: policyHelp.trial_seconds },
];

function PolicyPart() {
  const policy = useGet('GET /policy');
  const exceptions = useGet('GET /exceptions');
  const folders = useFolders();
  const may = useMay();
  const ask = useAsk();
  return (
    <div className="stack">
      <Loaded of={policy} operation="GET /policy" lines={6}>
        {(one) => (
          <Card title="What the estate should look like" aside={may('PATCH /policy') && <Button size="xs" variant="default" onClick={() => ask({ title: 'Policy', size: 'lg', button: 'Save', done: 'The policy is saved.', fields: policyFields(one), run: (values) => call('PATCH /policy', { body: values }) })}>Change</Button>}>
            <Facts>
              <Fact name="Secure-Only"><To href="/secure-only">{one.secure_only}</To></Fact>
              {policyFields(one).map((field) => (
                <Fact key={field.name} name={field.label}>{typeof field.value === 'boolean' ? yesNo(field.value) : Array.isArray(field.value) ? field.value.join(', ') : String(field.value ?? '')}</Fact>
              ))}
            </Facts>
          </Card>
        )}
      </Loaded>
      <Card title="One certificate for a system, or two">
        <p className="dimmed">
          Two keep the key of a web server apart from what the system calls with; a public authority gives no certificate for both. A folder can have its own choice: <To href="/systems">Systems</To>, the settings above its folders. A system of a family that cannot keeps
          one, whatever is chosen; its plan and its checklist say why.
        </p>
        <FamiliesWithTwo />
      </Card>
      <Card
        title="Exceptions of folders"
        aside={may('POST /folders/{id}/exceptions') && <Button size="xs" variant="default" onClick={() => ask({ title: 'New exception', button: 'Add it', text: 'Another mode for a folder, or one service that is left open there, until a day.', fields: [{ name: 'folder', label: 'Folder', kind: 'choice', required: true, choices: (folders.data?.folders ?? []).map((one) => ({ value: String(one.id), label: one.path })) }, { name: 'mode', label: 'Mode', kind: 'choice', choices: ['off', 'on', 'verify'].map((value) => ({ value, label: value })) }, { name: 'service', label: 'Or a service that stays open', placeholder: 'ssh' }, { name: 'reason', label: 'Reason', required: true }, { name: 'owner', label: 'Who answers for it', required: true }, { name: 'ends', label: 'Until', kind: 'date', required: true, help: 'To the end of this day in UTC' }], run: ({ folder, ...values }) => call('POST /folders/{id}/exceptions', { params: { id: folder }, body: sent(values) as never }) })}>Add</Button>}
      >
        <Loaded of={exceptions}>
          {(page) =>
            page.exceptions.length === 0 ? <p className="dimmed">None.</p> : <Short label="Exceptions" heads={['Folder', 'What', 'Reason', 'Owner', 'Until', '']} rows={page.exceptions.map((one) => [one.folder_path, `${plainWords(one.kind)}: ${one.value}`, one.reason, one.owner, <><When at={one.ends} /> {!one.counts && <State value="ended" label="Ended" />}</>, one.counts && may('DELETE /exceptions/{id}') ? <Button size="compact-xs" variant="default" onClick={() => ask({ title: 'End the exception', text: 'The systems of the folder are enforced.', button: 'End it', run: () => call('DELETE /exceptions/{id}', { params: { id: one.id } }) })}>End</Button> : null])} />
          }
        </Loaded>
      </Card>
    </div>
  );
}

function NetworkPart() {
  const network = useGet('GET /network');
  const restriction = useGet('GET /network/restriction');
  const key = useGet('GET /network/ssh-key');
  const may = useMay();
  const ask = useAsk();
  const help = NetworkHelp as Record<string, string>;
  return (
    <div className="stack">
      <Loaded of={network} operation="GET /network">
        {(one) => (
          <Card title="Doors and names" aside={may('PATCH /network') && <Button size="xs" variant="default" onClick={() => ask({ title: 'Doors and names', button: 'Save', fields: [{ name: 'plain_http', label: 'The HTTP port', kind: 'choice', required: true, value: one.plain_http, choices: ['open', 'forbidden', 'redirect'].map((value) => ({ value, label: value })), help: help.plain_http ?? 'open, forbidden (403), or redirect browsers' }, { name: 'accept_limitations', label: 'I read the limitations of closing it', kind: 'check' }, { name: 'public_host_name', label: 'Name outside', value: one.public_host_name }, { name: 'override_dns', label: 'Override DNS', kind: 'check', value: one.override_dns }, { name: 'scan_snmp', label: 'Scans may ask by SNMP', kind: 'check', value: one.scan_snmp }], run: ({ accept_limitations, ...values }) => call('PATCH /network', { body: { ...values, ...(accept_limitations ? { accept_limitations: true } : {}) } }) })}>Change</Button>}>
            <Facts>
              <Fact name="The HTTP port">{one.plain_http}</Fact>
              <Fact name="Name outside">{one.public_host_name}</Fact>
              <Fact name="Override DNS">{yesNo(one.override_dns)}</Fact>
              <Fact name="Scans may ask by SNMP">{yesNo(one.scan_snmp)}</Fact>
              <Fact name="SSH key for authorized_keys"><code className="small">{key.data?.public_key}</code></Fact>
            </Facts>
          </Card>
        )}
      </Loaded>
      <Loaded of={restriction}>
        {(one) => (
          <Card title="What closing the HTTP port would mean">
            <ul>
              {one.limitations.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
            <p>{one.systems_in_all === 0 ? 'Every system could still call.' : `${one.systems_in_all} systems could no longer call:`}</p>
            {one.systems.length > 0 && <Short label="Systems" heads={['System', 'Why']} rows={one.systems.map((system) => [<To href={`/systems/${system.id}`}>{system.name}</To>, system.why])} />}
          </Card>
        )}
      </Loaded>
    </div>
  );
}

function channelFields(one?: NotificationChannel): Field[] {
  const help = ChannelHelp as Record<string, string>;
  return [
    { name: 'name', label: 'Name', required: true, value: one?.name },
    ...(one ? [] : [{ name: 'kind', label: 'Kind', kind: 'choice' as const, required: true, choices: ['email', 'webhook', 'syslog'].map((value) => ({ value, label: value })) }]),
    { name: 'severity', label: 'Tickets of this severity or worse', kind: 'choice', value: one?.severity ?? 'warning', required: true, choices: ['notice', 'warning', 'critical'].map((value) => ({ value, label: value })) },
    { name: 'host', label: 'Server', value: one?.host, help: help.host },
    { name: 'port', label: 'Port', kind: 'number', value: one?.port || undefined, help: help.port },
    { name: 'security', label: 'Security', kind: 'choice', value: one?.security || undefined, choices: ['tls', 'starttls'].map((value) => ({ value, label: value })), help: help.security },
    { name: 'user', label: 'User', value: one?.user, help: help.user },
    { name: 'from', label: 'From', value: one?.from, help: help.from },
    { name: 'to', label: 'To', kind: 'list', value: one?.to, help: help.to },
    { name: 'url', label: 'Address of the webhook', value: one?.url, help: help.url },
    { name: 'secret', label: 'Password or signing key', kind: 'new-password', help: help.secret },
    { name: 'ca', label: 'Roots', kind: 'area', value: one?.ca, help: help.ca },
  ];
}

const filled = (values: Record<string, any>) => Object.fromEntries(Object.entries(sent(values)).filter(([, value]) => !Array.isArray(value) || value.length > 0));

function ChannelsPart() {
  const may = useMay();
  const ask = useAsk();
  const change = (one: NotificationChannel) => {
    const fields: Field[] = [...channelFields(one), { name: 'enabled', label: 'Enabled', kind: 'check', value: one.enabled }];
    ask({ title: `Change ${one.name}`, size: 'lg', button: 'Save', done: 'The channel is changed.', fields, run: (values) => call('PATCH /notification-channels/{id}', { params: { id: one.id }, body: changed(fields, values) as never }) });
  };
  const columns: Column<NotificationChannel>[] = [
    { id: 'name', title: 'Channel', width: 'minmax(8rem, 1fr)', cell: (one) => <b>{one.name}</b>, csv: (one) => one.name },
    { id: 'kind', title: 'Kind', width: '6rem', cell: (one) => one.kind, csv: (one) => one.kind },
    { id: 'to', title: 'Where', width: 'minmax(10rem, 1.5fr)', cell: (one) => one.url || [one.host, ...one.to].filter(Boolean).join(', '), csv: (one) => one.url || one.host },
    { id: 'severity', title: 'From', width: '6.5rem', cell: (one) => <State value={one.severity} />, csv: (one) => one.severity },
    { id: 'state', title: 'State', width: '7rem', cell: (one) => (one.error_code ? <ErrorHint id={one.error_code} /> : <State value={one.enabled ? 'enabled' : 'disabled'} />), csv: (one) => one.error_code },
    { id: 'waiting', title: 'Waiting', width: '5rem', cell: (one) => one.waiting, csv: (one) => one.waiting },
    { id: 'last_sent', title: 'Last sent', width: '11rem', cell: (one) => <When at={one.last_sent} />, csv: (one) => one.last_sent },
    ...(may('PATCH /notification-channels/{id}')
      ? [{ id: 'actions', title: 'Actions', width: '15rem', cell: (one: NotificationChannel) => (
          <Group gap={4}>
            <Button size="compact-xs" variant="default" onClick={() => ask({ title: `Test ${one.name}`, text: 'A test message is sent now.', button: 'Send it', run: async () => tell(`Taken: ${(await call('POST /notification-channels/{id}/test', { params: { id: one.id } })).detail}`) })}>Test</Button>
            <Button size="compact-xs" variant="default" onClick={() => change(one)}>Change</Button>
            <Button size="compact-xs" variant="default" onClick={() => ask({ title: `Remove ${one.name}`, danger: true, button: 'Remove', text: 'What waits for it goes with it.', run: () => call('DELETE /notification-channels/{id}', { params: { id: one.id } }) })}>Remove</Button>
          </Group>
        ) }]
      : []),
  ];
  return <List operation="GET /notification-channels" name="channels" rows={(page) => page.channels} columns={columns} id={(one) => one.id} empty={<Empty title="Tickets are told to nobody yet">By e-mail, to a webhook, or to a syslog server.</Empty>} tools={may('POST /notification-channels') && <Button onClick={() => ask({ title: 'New channel', size: 'lg', button: 'Add it', fields: channelFields(), run: (values) => call('POST /notification-channels', { body: filled(values) as never }) })}>New channel</Button>} />;
}

function VendorsPart() {
  const anchors = useGet('GET /factory-anchors');
  const may = useMay();
  const ask = useAsk();
  return (
    <Card title="Vendors whose factory identities are believed" aside={may('POST /factory-anchors') && <Button size="xs" variant="default" onClick={() => ask({ title: 'Believe a vendor', button: 'Believe it', text: 'A system with a factory certificate below this authority proves itself at first contact.', fields: [{ name: 'vendor', label: 'Vendor', required: true }, { name: 'file', label: 'The authority (PEM)', kind: 'file', required: true }], run: async ({ vendor, file }) => call('POST /factory-anchors', { body: { vendor, pem: await fileText(file) } }) })}>Add</Button>}>
      <Loaded of={anchors} operation="GET /factory-anchors">
        {(page) => (page.certificates.length === 0 ? <p className="dimmed">None: systems at factory defaults are pinned by hand.</p> : <Short label="Vendors" heads={['Authority', 'Ends', 'SHA-256']} rows={page.certificates.map((one) => [one.subject, <When at={one.expires} day />, <Fingerprint value={one.fingerprint} />])} />)}
      </Loaded>
    </Card>
  );
}

const parts = [['policy', 'Policy', PolicyPart], ['network', 'Network', NetworkPart], ['notifications', 'Notifications', ChannelsPart], ['vendors', 'Vendors', VendorsPart]] as const;

export default function Settings({ part = 'policy' }: { part?: string }) {
  const go = useGo();
  return (
    <>
      <Head title="Settings">What the manager was started with stands in its settings file (docs/settings.md); this is what is changed while it runs.</Head>
      <Tabs value={part} onChange={(next) => go(`/settings/${next}`)} keepMounted={false}>
        <Tabs.List mb="md">
          {parts.map(([value, label]) => (
            <Tabs.Tab key={value} value={value}>{label}</Tabs.Tab>
          ))}
        </Tabs.List>
        {parts.map(([value, , Part]) => (
          <Tabs.Panel key={value} value={value}><Part /></Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}
