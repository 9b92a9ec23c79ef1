// One system: its level and what holds it, the evidence, its certificate and trust, the plan, what happened, how it is reached.
import { Alert, Button, Group, SegmentedControl, Tabs } from '@mantine/core';
import { Play, Plug, RefreshCw, Trash2, TriangleAlert } from 'lucide-react';
import type { Assessment, SystemWithAssessment } from '../../generated/api';
import { SystemChangeHelp, ConnectionChangeHelp } from '../kit/help';
import { call, Problem, useGet, useSend } from '../kit/api';
import { useAsk } from '../kit/ask';
import { useFilter } from '../kit/filter';
import { sent } from '../kit/form';
import { Identities } from '../kit/identities';
import { PlanView } from '../kit/plan';
import { useMay } from '../kit/session';
import { SettingsOf } from '../kit/settings_of';
import { Card, Fact, Facts, Fingerprint, Head, Level, levelNames, plainWords, State, To, useGo, When } from '../kit/show';
import { Empty, Loaded, ProblemCard } from '../kit/states';
import { List, Short } from '../kit/table';
import { History } from '../kit/timeline';
import { trackedBy, waysToTrack } from '../kit/tracking';
import { ticketColumns } from './tickets';

function Ladder({ system }: { system: SystemWithAssessment }) {
  const seen = system.assessment as Assessment | null;
  if (!seen) return <Empty title="It was not observed yet">The manager looks at it as soon as it reaches it.</Empty>;
  return (
    <div className="ladder">
      {[4, 3, 2, 1].map((level) => {
        const reached = seen.level >= level;
        const holding = level > 1 ? seen.protocols.filter((one) => one.open && one.counts && one.level === level - 1) : [];
        return (
          <div key={level} className={`rung ${reached ? 'rung-reached' : level === seen.level + 1 ? 'rung-held' : ''}`}>
            <span className={`level level-${level}`}>
              <span className="level-number">{level}</span>
            </span>
            <div>
              <h3>
                {levelNames[level]} {reached ? '– reached' : ''}
              </h3>
              {!reached && holding.length > 0 && (
                <ul>
                  {holding.map((one) => (
                    <li key={one.id}>
                      <b>{one.name}</b> holds it back. {one.raise_by}.
                    </li>
                  ))}
                </ul>
              )}
              {!reached && holding.length === 0 && level === seen.level + 1 && <p className="small">{seen.why}</p>}
            </div>
          </div>
        );
      })}
    </div>
  );
}

function Summary({ system }: { system: SystemWithAssessment }) {
  const seen = system.assessment as Assessment | null;
  const families = useGet('GET /families');
  return (
    <div className="two">
      <Card title="The way to Level 4" aside={seen && <span className="dimmed">{seen.why}</span>}>
        <Ladder system={system} />
      </Card>
      <div className="stack">
        <Card title="Facts">
          <Facts>
            <Fact name="Family">{families.data?.families.find((one) => one.id === system.family)?.name ?? system.family}</Fact>
            <Fact name="Software">{system.software}</Fact>
            <Fact name="Host name">{system.host_name}</Fact>
            <Fact name="Address">{system.address}</Fact>
            <Fact name="Serial number">{system.serial_number}</Fact>
            <Fact name="MAC address">{system.mac_address}</Fact>
            <Fact name="Folder">
              <To href={`/systems?folder=${encodeURIComponent(system.folder_path)}`}>{system.folder_path}</To>
            </Fact>
            <Fact name="Capable of Secure-Only">{system.secure_only_capable ? 'yes' : 'no'}</Fact>
            <Fact name="Observed"><When at={system.observed_at} with_ago /></Fact>
            <Fact name="Last call"><When at={system.last_call_at} with_ago /> {system.last_call}</Fact>
            <Fact name="Certificate ends"><When at={system.certificate_expires} day with_ago /></Fact>
            <Fact name="Password">{plainWords(system.password_origin)}</Fact>
          </Facts>
        </Card>
        {seen && (
          <Card title="Readiness">
            {seen.readiness.map((item) => (
              <div key={item.id} className="check">
                <State value={item.state} />
                <div>
                  {item.text}
                  <p>{item.evidence}</p>
                </div>
              </div>
            ))}
          </Card>
        )}
      </div>
    </div>
  );
}

function Evidence({ system }: { system: SystemWithAssessment }) {
  const seen = system.assessment as Assessment | null;
  if (!seen) return <Empty title="It was not observed yet" />;
  const rows = (client: boolean) =>
    seen.protocols
      .filter((one) => one.client === client)
      .sort((a, b) => Number(b.open) - Number(a.open) || Number(b.counts) - Number(a.counts) || a.level - b.level)
      .map((one) => [<b>{one.name}</b>, one.open ? <Level level={one.level} /> : <State value="closed" tone="plain" label="closed" />, one.evidence, one.open ? [one.raise_by, one.counts ? '' : 'It does not count for the level.'].filter(Boolean).join('. ') || '–' : '–']);
  return (
    <div className="stack">
      <Card title="Services of the system">
        <Short label="Services" heads={['Service', 'Level', 'Evidence', 'What would raise it']} rows={rows(false)} />
      </Card>
      <Card title="Clients inside the system">
        <Short label="Clients" heads={['Client', 'Level', 'Evidence', 'What would raise it']} rows={rows(true)} />
      </Card>
      {seen.findings.length > 0 && (
        <Card title="Findings">
          <ul>
            {seen.findings.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  );
}

function Certificate({ system }: { system: SystemWithAssessment }) {
  const seen = system.assessment as Assessment | null;
  const may = useMay();
  const ask = useAsk();
  const roots = useGet('GET /roots', { query: { limit: 1000 } });
  const known = new Map((roots.data?.roots ?? []).map((one) => [one.fingerprint, one.subject]));
  return (
    <div className="stack">
      <Identities
        system={system}
        aside={
          may('POST /rekey') &&
          system.certificate_fingerprint && (
            <Button variant="default" size="xs" onClick={() => ask({ title: 'New key and certificate', text: 'The system gets a new key and a certificate for it, for each of its sides. The old one is revoked after the proof, when a reason is given.', button: 'Give it a new one', done: 'The work is queued.', fields: [{ name: 'revoke', label: 'Revoke the old one, because', kind: 'choice', choices: ['superseded', 'keyCompromise', 'unspecified'].map((value) => ({ value, label: value })) }], run: ({ revoke }) => call('POST /rekey', { body: { systems: [system.id], ...(revoke ? { revoke } : {}) } }) })}>
              New key and certificate
            </Button>
          )
        }
      />
      {seen && seen.findings.length > 0 && (
        <Card title="Findings">
          <ul>
            {seen.findings.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </Card>
      )}
      <Card title="Roots that it trusts">
        {!seen?.trusted_roots ? (
          <p className="dimmed">The system could not be asked.</p>
        ) : seen.trusted_roots.length === 0 ? (
          <p className="dimmed">It trusts none: it verifies nobody.</p>
        ) : (
          <Short label="Trusted roots" heads={['Root', 'SHA-256']} rows={seen.trusted_roots.map((one) => [known.get(one) ?? 'Not one of the estate', <Fingerprint value={one} href={`/certificates/${one}`} />])} />
        )}
      </Card>
    </div>
  );
}

function PlanPart({ system }: { system: SystemWithAssessment }) {
  const [{ goal: mode }, set] = useFilter(`/systems/${system.id}/plan`, { goal: 'verify' });
  const may = useMay();
  const ask = useAsk();
  const plan = useGet('GET /systems/{id}/plan', { params: { id: system.id }, query: mode === 'policy' ? {} : { secure_only: mode } });
  return (
    <Card
      title="What would be done"
      aside={
        <Group>
          <SegmentedControl aria-label="Goal" size="xs" value={mode} onChange={(goal) => set({ goal })} data={[{ value: 'policy', label: 'As the policy says' }, { value: 'verify', label: 'Level 4' }, { value: 'on', label: 'Level 3' }, { value: 'off', label: 'Off' }]} />
          {may('POST /systems/{id}/enforce') && mode === 'policy' && (
            <Button size="xs" leftSection={<Play size={14} />} onClick={() => ask({ title: 'Enforce the policy', text: 'The steps of the plan are carried out, each proven from outside; what fails is undone.', button: 'Enforce', done: 'The work is queued.', run: () => call('POST /systems/{id}/enforce', { params: { id: system.id } }) })}>
              Enforce
            </Button>
          )}
          {may('POST /campaigns') && mode !== 'policy' && <To href={`/secure-only?systems=${system.id}&mode=${mode}`}>Start as a campaign</To>}
        </Group>
      }
    >
      <Loaded of={plan} operation="GET /systems/{id}/plan" lines={6}>
        {(one) => <PlanView plan={one} />}
      </Loaded>
    </Card>
  );
}

/** What came of a try: whether it was reached, whether the manager could log in, and whether it is still the same unit. */
function Outcome({ seen, system }: { seen: Assessment; system: number }) {
  const other = useGet('GET /systems/{id}/replacement', { params: { id: system } });
  const logon = seen.readiness.find((one) => one.id === 'logon');
  const reached = seen.level > 0;
  const replaced = Boolean(other.data?.replacement);
  const title = !reached
    ? 'It was not reached'
    : replaced
      ? 'Another unit answers in its place'
      : logon?.state === 'no'
        ? 'Reached, but the manager cannot log in'
        : logon?.state === 'yes'
          ? 'It was reached'
          : 'It was reached; whether the manager can log in is not known';
  const good = reached && !replaced && logon?.state === 'yes';
  return (
    <Alert color={good ? 'green' : 'orange'} title={title} role="status" className="outcome">
      {reached && <Level level={seen.level} long />} {seen.why}
      {reached && logon && logon.state !== 'yes' && (
        <p>
          {logon.text}: {logon.state === 'no' ? 'no' : 'not known'}. {logon.evidence}
        </p>
      )}
      {!good && seen.findings.length > 0 && (
        <ul>
          {seen.findings.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
      {!good && (
        <p>
          <To href={`/systems/${system}/tickets`}>Its tickets say what to do.</To>
        </p>
      )}
    </Alert>
  );
}

function Connection({ system }: { system: SystemWithAssessment }) {
  const may = useMay();
  const ask = useAsk();
  const connection = useGet('GET /systems/{id}/connection', { params: { id: system.id } });
  const policy = useGet('GET /systems/{id}/policy', { params: { id: system.id } });
  const attempt = useSend('POST /systems/{id}/observe');
  const edit = () =>
    ask({
      title: 'Connection settings',
      button: 'Save',
      done: 'The settings are saved.',
      fields: [
        { name: 'name', label: 'Name', value: system.name, required: true },
        { name: 'host_name', label: 'Host name', value: system.host_name },
        { name: 'address', label: 'Address', value: system.address },
        { name: 'track_by', label: 'Tracked by', kind: 'choice', value: system.track_by, required: true, choices: waysToTrack, help: (SystemChangeHelp as Record<string, string>).track_by },
        { name: 'https_port', label: 'HTTPS port', kind: 'number', value: system.https_port, help: (SystemChangeHelp as Record<string, string>).https_port },
        { name: 'user', label: 'User', value: system.user },
        { name: 'password', label: 'Password', kind: 'new-password', help: 'Empty: it stays as it is' },
        { name: 'pins', label: 'Pinned certificates', kind: 'list', value: system.pins, help: (SystemChangeHelp as Record<string, string>).pins ?? 'SHA-256 of certificates that are believed without an authority' },
      ],
      run: ({ password, ...values }) => call('PATCH /systems/{id}', { params: { id: system.id }, body: { ...values, ...(password ? { password } : {}) } as never }),
    });
  return (
    <div className="stack">
      <Card
        title="How it is reached"
        aside={
          <Group>
            {may('POST /systems/{id}/observe') && (
              <Button size="xs" leftSection={<Plug size={14} />} loading={attempt.isPending} onClick={() => attempt.mutate({ params: { id: system.id } })}>
                Try
              </Button>
            )}
            {may('PATCH /systems/{id}') && (
              <Button size="xs" variant="default" onClick={edit}>
                Change
              </Button>
            )}
          </Group>
        }
      >
        <div className="stack">
          {attempt.error && <ProblemCard error={attempt.error} />}
          {attempt.data && <Outcome seen={attempt.data} system={system.id} />}
          <Facts>
            <Fact name="Host name">{system.host_name}</Fact>
            <Fact name="Address">{system.address}</Fact>
            <Fact name="Tracked by">{trackedBy(system.track_by)}</Fact>
            <Fact name="HTTPS port">{system.https_port ? String(system.https_port) : 'that of its family'}</Fact>
            <Fact name="User">{system.user}</Fact>
            <Fact name="Password">{plainWords(system.password_origin)}</Fact>
            <Fact name="HTTPS proven">{system.https_proven ? 'yes' : 'no'}</Fact>
            <Fact name="Pinned certificates">{system.pins.length ? system.pins.map((one) => <Fingerprint key={one} value={one} />) : null}</Fact>
          </Facts>
        </div>
      </Card>
      <Card
        title="Network and kept settings"
        aside={
          may('PATCH /systems/{id}/connection') &&
          connection.data && (
            <Button size="xs" variant="default" onClick={() => ask({ title: 'Network and kept settings', button: 'Save', fields: [{ name: 'connectivity', label: 'Where it stands', kind: 'choice', required: true, value: connection.data.connectivity, choices: [{ value: 'lan', label: 'In the local network' }, { value: 'public', label: 'On the public internet' }, { value: 'behind_firewall', label: 'Behind a firewall: it calls the manager' }] }, { name: 'persistent', label: 'Settings that are kept', kind: 'list', spaces: true, value: Object.entries(connection.data.persistent).map(([name, value]) => `${name}=${value}`), help: (ConnectionChangeHelp as Record<string, string>).persistent }], run: (values) => call('PATCH /systems/{id}/connection', { params: { id: system.id }, body: sent(values) as never }) })}>
              Change
            </Button>
          )
        }
      >
        <Loaded of={connection}>
          {(one) => (
            <Facts>
              <Fact name="Where it stands">{plainWords(one.connectivity)}</Fact>
              {Object.entries(one.persistent).map(([name, value]) => (
                <Fact key={name} name={name}>{String(value)}</Fact>
              ))}
            </Facts>
          )}
        </Loaded>
      </Card>
      <Card title="The policy for it">
        <Loaded of={policy}>
          {(one) => (
            <>
              <Facts>
                <Fact name="Secure-Only">{one.secure_only}</Fact>
                <Fact name="Certificates for">{one.certificate_days} days</Fact>
                <Fact name="Certificates of it"><To href={`/systems/${system.id}/certificate`}>{one.identities}</To></Fact>
                <Fact name="Key">{one.key_type}</Fact>
                <Fact name="Trial">{one.trial_seconds} s</Fact>
              </Facts>
              {one.exceptions.map((exception) => (
                <p key={exception.id}>
                  <State value="exception" tone="warn" label="Exception" /> {plainWords(exception.kind)}: {exception.value}, until <When at={exception.ends} />. {exception.reason}
                </p>
              ))}
            </>
          )}
        </Loaded>
      </Card>
    </div>
  );
}

function Replacement({ id }: { id: number }) {
  const may = useMay();
  const ask = useAsk();
  const seen = useGet('GET /systems/{id}/replacement', { params: { id } });
  const other = seen.data?.replacement;
  if (!other) return null;
  return (
    <Alert color="orange" icon={<TriangleAlert size={20} />} title="Another unit answers in its place" mb="md">
      Serial number {other.serial_number}, MAC address {other.mac_address}, seen <When at={other.seen} />. {other.evidence}
      {may('POST /systems/{id}/replacement/accept') && (
        <div>
          <Button size="xs" mt="xs" variant="default" onClick={() => ask({ title: 'Accept the other unit', text: 'It becomes this system and gets its settings and a certificate of its own.', button: 'It is the right one', run: () => call('POST /systems/{id}/replacement/accept', { params: { id }, body: { serial_number: other.serial_number, mac_address: other.mac_address } }) })}>
            Accept it
          </Button>
        </div>
      )}
    </Alert>
  );
}

const parts: Array<[string, string]> = [['level', 'Level'], ['evidence', 'Evidence'], ['certificate', 'Certificate and trust'], ['settings', 'Settings'], ['plan', 'Plan'], ['tickets', 'Tickets'], ['history', 'History'], ['connection', 'Connection']];

export default function SystemPage({ id, part = 'level' }: { id: string; part?: string }) {
  const system = useGet('GET /systems/{id}', { params: { id } });
  const may = useMay();
  const ask = useAsk();
  const go = useGo();
  const observe = useSend('POST /systems/{id}/observe');
  return (
    <Loaded of={system} lines={10} operation="GET /systems/{id}">
      {(one) => (
        <>
          <Head
            title={one.name}
            crumbs={[['Systems', '/systems'], ...(one.folder_path !== '/' ? ([[one.folder_path, `/systems?folder=${encodeURIComponent(one.folder_path)}`]] as Array<[string, string]>) : [])]}
            actions={
              <>
                {may('POST /systems/{id}/observe') && (
                  <Button variant="default" leftSection={<RefreshCw size={16} />} loading={observe.isPending} onClick={() => observe.mutate({ params: { id } })}>
                    Observe now
                  </Button>
                )}
                {may('DELETE /systems/{id}') && (
                  <Button variant="default" leftSection={<Trash2 size={16} />} onClick={() => ask({ title: `Forget ${one.name}`, danger: true, text: 'Its settings, history and tickets here are forgotten. Nothing changes on the system itself.', button: 'Forget it', done: 'It is forgotten.', run: () => call('DELETE /systems/{id}', { params: { id } }).then(() => go('/systems')) })}>
                    Forget
                  </Button>
                )}
              </>
            }
          >
            <Level level={one.level} long /> · <State value={one.reachability} /> · {one.host_name || one.address}
          </Head>
          {observe.error && <ProblemCard error={observe.error as Problem} />}
          <Replacement id={one.id} />
          <Tabs value={part} onChange={(next) => go(`/systems/${id}${next && next !== 'level' ? `/${next}` : ''}`)} keepMounted={false} data-ready="system">
            <Tabs.List mb="md">
              {parts.map(([value, label]) => (
                <Tabs.Tab key={value} value={value}>
                  {label}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value="level"><Summary system={one} /></Tabs.Panel>
            <Tabs.Panel value="evidence"><Evidence system={one} /></Tabs.Panel>
            <Tabs.Panel value="certificate"><Certificate system={one} /></Tabs.Panel>
            <Tabs.Panel value="settings"><SettingsOf system={one.id} /></Tabs.Panel>
            <Tabs.Panel value="plan"><PlanPart system={one} /></Tabs.Panel>
            <Tabs.Panel value="tickets">
              <List operation="GET /tickets" name="tickets-of-the-system" query={{ system: one.id, state: 'all' }} rows={(page) => page.tickets} columns={ticketColumns.filter((column) => column.id !== 'system')} id={(row) => row.id} href={(row) => `/tickets/${row.id}`} empty={<Empty title="It has no tickets" />} />
            </Tabs.Panel>
            <Tabs.Panel value="history"><History system={one.id} /></Tabs.Panel>
            <Tabs.Panel value="connection"><Connection system={one} /></Tabs.Panel>
          </Tabs>
        </>
      )}
    </Loaded>
  );
}
