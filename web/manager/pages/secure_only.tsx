// The mode, what it changes in words, and the way there: a plan for a selection, read before it runs, in waves.
import { Accordion, Button, Group, NumberInput, SegmentedControl, Select, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { Rocket, ScrollText } from 'lucide-react';
import { useState } from 'react';
import { useSearch } from 'wouter';
import type { CampaignPlan, NewCampaign, Policy } from '../../generated/api';
import { call, useGet, useSend } from '../kit/api';
import { useAsk } from '../kit/ask';
import { useFolders } from '../kit/every_folder';
import { NewCampaignHelp } from '../kit/help';
import { PlanView } from '../kit/plan';
import { useMay } from '../kit/session';
import { Card, Head, plainWords, several, State, To, useGo } from '../kit/show';
import { Loaded, ProblemCard, Waiting } from '../kit/states';
import { Short } from '../kit/table';

const modes = [
  {
    value: 'off',
    name: 'Off',
    level: 'Level 2',
    words: ['HTTPS to systems where it works, else HTTP.', 'Systems call the manager over HTTP.', 'Nothing is closed.'],
  },
  {
    value: 'on',
    name: 'On',
    level: 'Level 3',
    words: ['HTTPS in both directions, never a fall-back to HTTP.', 'HTTP, FTP, Telnet and SNMP of capable systems are closed.', 'Certificates are in place; nobody insists on them yet.'],
  },
  {
    value: 'verify',
    name: 'On + Verify Certificates',
    level: 'Level 4',
    words: ['Both sides check the certificate of the other before anything is said.', 'Systems are tracked by host name.', 'Who cannot prove who he is, is not spoken to, and a ticket is opened.'],
  },
];

function Modes({ policy }: { policy: Policy }) {
  const may = useMay();
  const ask = useAsk();
  const readiness = useGet('GET /readiness');
  const missing = (readiness.data?.readiness ?? []).filter((one) => one.state !== 'yes' && one.needed_for !== 'advice');
  return (
    <Card title="The mode of the estate" aside={
        <Group gap="sm">
          {missing.length > 0 && <To href="/about">{several(missing.length, 'item')} of the manager’s own checklist missing</To>}
          {may('POST /enforce') && (
            <Button size="xs" variant="default" onClick={() => ask({ title: 'Enforce now', text: 'Every system is brought to what the policy says, without what campaigns have in hand. It also happens by itself, regularly.', button: 'Enforce the whole estate', done: 'The work is queued; Jobs shows how it goes.', run: () => call('POST /enforce', { body: { all: true } }) })}>
              Enforce now
            </Button>
          )}
        </Group>
      }>
      <div className="modes">
        {modes.map((one) => (
          <section key={one.value} className={`mode ${policy.secure_only === one.value ? 'mode-now' : ''}`} aria-label={one.name}>
            <h3>
              {one.name} {policy.secure_only === one.value && <State value="now" tone="good" label="Now" />}
            </h3>
            <Text size="sm" fw={600}>
              {one.level}
            </Text>
            <ul>
              {one.words.map((word) => (
                <li key={word}>{word}</li>
              ))}
            </ul>
            {may('PATCH /policy') && policy.secure_only !== one.value && (
              <Button mt="sm" size="xs" variant="default" onClick={() => ask({ title: `Secure-Only: ${one.name}`, text: 'This is the mode of the whole estate: enforcement of every capable system begins at once. To go there in waves, with a plan before and a way back, start a campaign instead.', button: 'Change the mode', danger: one.value === 'off', done: 'The mode is changed; enforcement has begun.', run: () => call('PATCH /policy', { body: { secure_only: one.value } }) })}>
                Set for the whole estate
              </Button>
            )}
          </section>
        ))}
      </div>
    </Card>
  );
}

function PlanSummary({ plan }: { plan: CampaignPlan }) {
  const { summary } = plan;
  const [open, setOpen] = useState<string | null>(null);
  return (
    <div className="stack" data-ready="campaign-plan">
      <Group gap="xs">
        {Object.entries(summary.systems).map(([outlook, count]) => (Number(count) > 0 ? <State key={outlook} value={outlook} label={`${count} ${plainWords(outlook).toLowerCase()}`} /> : null))}
      </Group>
      {summary.blocked.map((one: any) => (
        <div key={one.id} className="link link-bad">
          <h3>
            {one.id}: {one.title}
          </h3>
          <p className="small">
            {one.systems.join(', ')}. {one.remedy}
          </p>
        </div>
      ))}
      {summary.new_passwords > 0 && <p className="dimmed">{several(summary.new_passwords, 'system')} get a new password, which stays whatever is rolled back.</p>}
      {summary.without_trial > 0 && <p className="dimmed">{several(summary.without_trial, 'system')} cannot go back by themselves.</p>}
      <Short label="Waves" heads={['Wave', 'Systems']} rows={summary.waves.map((one: any) => [one.wave === 0 ? 'Canaries' : one.wave, one.systems])} />
      <Accordion variant="separated" value={open} onChange={setOpen} chevronPosition="left">
        {plan.systems.slice(0, 200).map((one) => (
          <Accordion.Item key={one.system} value={String(one.system)}>
            <Accordion.Control>
              <Group gap="sm">
                <b>{one.name}</b> <State value={one.outlook} /> <span className="dimmed">{several(one.plan.steps.length, 'step')} · {one.wave === 0 ? 'canary' : `wave ${one.wave}`}</span>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>{open === String(one.system) && <PlanView plan={one.plan} />}</Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
      {plan.systems.length > 200 && <p className="dimmed">The first 200 of {several(plan.systems.length, 'system')} are shown.</p>}
    </div>
  );
}

export default function SecureOnlyPage() {
  const search = new URLSearchParams(useSearch());
  const picked = search.get('systems')?.split(',').map(Number);
  const policy = useGet('GET /policy');
  const folders = useFolders();
  const families = useGet('GET /families');
  const may = useMay();
  const go = useGo();
  const [name, setName] = useState(`To Level 4, ${new Date().toISOString().slice(0, 10)}`);
  const [mode, setMode] = useState(search.get('mode') ?? 'verify');
  const [folder, setFolder] = useState<string | null>(null);
  const [family, setFamily] = useState<string | null>(null);
  const [canaries, setCanaries] = useState<number | string>(1);
  const [waves, setWaves] = useState<string[]>(['25%', '100%']);
  const [stop, setStop] = useState('5%');
  const [confirm, setConfirm] = useState('wave');
  const plan = useSend('POST /campaigns/plan');
  const start = useSend('POST /campaigns', (campaign) => go(`/campaigns/${campaign.id}`));
  const wanted = (): NewCampaign => ({
    ...(picked ? { systems: picked } : folder || family ? { ...(folder ? { folder } : {}), ...(family ? { family } : {}) } : { all: true }),
    mode: mode as 'verify',
    canary_count: Number(canaries) || 0,
    waves,
    stop_on: stop,
    confirm: confirm as 'wave',
  });
  return (
    <>
      <Head title="Secure-Only">Every conversation between the manager and a system encrypted, and verified on both sides.</Head>
      <div className="stack" data-ready="secure-only">
        <Loaded of={policy} operation="GET /policy">
          {(one) => <Modes policy={one} />}
        </Loaded>
        <Card title="A campaign: there in waves, with a way back">
          <Stack>
            <Group align="end">
              <SegmentedControl aria-label="Goal" value={mode} onChange={setMode} data={[{ value: 'verify', label: 'Level 4' }, { value: 'on', label: 'Level 3' }, { value: 'off', label: 'Off' }]} />
              {picked ? (
                <Text size="sm">{several(picked.length, 'system')} that you selected</Text>
              ) : (
                <>
                  <Select label="Folder" placeholder="The whole estate" data={(folders.data?.folders ?? []).filter((one) => one.parent !== null).map((one) => one.path)} value={folder} onChange={setFolder} clearable searchable />
                  <Select label="Family" placeholder="All" data={(families.data?.families ?? []).map((one) => ({ value: one.id, label: one.name }))} value={family} onChange={setFamily} clearable searchable />
                </>
              )}
            </Group>
            <Group align="end">
              <NumberInput label="Canaries" description="First, and alone" min={0} max={1000} value={canaries} onChange={setCanaries} w={120} />
              <TagsInput label="Waves" description="Systems, or a share" value={waves} onChange={setWaves} w={230} />
              <TextInput label="Stop at" description="Failures, or a share" value={stop} onChange={(e) => setStop(e.currentTarget.value)} w={140} />
              <Select label="What makes changes stay" description="Until then they can go back" data={[{ value: 'hand', label: 'A person confirms' }, { value: 'wave', label: 'Each wave, when it is proven' }, { value: 'each', label: 'Each system, when it is proven' }]} value={confirm} onChange={(one) => setConfirm(one ?? 'hand')} w={250} />
            </Group>
            <Text size="xs" c="dimmed">{(NewCampaignHelp as Record<string, string>).trial_seconds}</Text>
            <Group>
              <Button variant="default" leftSection={<ScrollText size={16} />} loading={plan.isPending} onClick={() => plan.mutate({ body: wanted() })}>
                Show the plan
              </Button>
            </Group>
            {plan.isPending && <Waiting lines={5} />}
            {plan.error && <ProblemCard error={plan.error} />}
            {plan.data && !plan.isPending && (
              <>
                <PlanSummary plan={plan.data} />
                {may('POST /campaigns') && (
                  <Group align="end">
                    <TextInput label="Name of the campaign" required value={name} onChange={(e) => setName(e.currentTarget.value)} w={300} />
                    <Button leftSection={<Rocket size={16} />} loading={start.isPending} onClick={() => start.mutate({ body: { ...wanted(), name, digest: plan.data!.digest } })}>
                      Start this plan
                    </Button>
                  </Group>
                )}
                {start.error && <ProblemCard error={start.error} />}
              </>
            )}
          </Stack>
        </Card>
      </div>
    </>
  );
}
