// The first visit goes on here when the password is set: the manager's name and certificate, then the systems or the demonstration estate.
// Both steps can be opened again at any time.
import { Button, Group, Radio, Stack, Text } from '@mantine/core';
import { ArrowRight, Check } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Demonstration, Policy } from '../../generated/api';
import { call, client, useGet } from '../kit/api';
import { tell } from '../kit/ask';
import { Fields, Form, startOf, type Field, type Values } from '../kit/form';
import { PolicyChangeHelp } from '../kit/help';
import { OwnCertificate, OwnReadiness, OwnRoots } from '../kit/own_certificate';
import { useMay } from '../kit/session';
import { Card, Head, several, To, useGo } from '../kit/show';
import { Denied, Loaded } from '../kit/states';
import { WaysToAdd } from './add';

const steps = [['password', 'Password'], ['name', 'Name and certificate'], ['systems', 'Systems']] as const;

function Steps({ now }: { now: string }) {
  const at = steps.findIndex(([step]) => step === now);
  return (
    <ol className="set-up-steps" aria-label="Steps of the first visit">
      {steps.map(([step, name], i) => (
        <li key={step} aria-current={step === now ? 'step' : undefined} className={i < at ? 'step-done' : ''}>
          <span aria-hidden>{i < at ? <Check size={14} /> : i + 1}</span>
          {i === 0 || step === now ? name : <To href={`/set-up/${step}`}>{name}</To>}
        </li>
      ))}
    </ol>
  );
}

const help = PolicyChangeHelp as Record<string, string>;
const nameFields = (policy: Policy, started: string): Field[] => [
  { name: 'manager_host_name', label: 'Name by which systems call the manager', value: policy.manager_host_name || started, required: true, help: 'The same inside and outside of your network, with its domain' },
  { name: 'dns_servers', label: 'Name servers that systems are given', kind: 'list', value: policy.dns_servers, help: 'Addresses; empty: systems keep their own' },
  { name: 'dns_domain', label: 'Domain that systems are given', value: policy.dns_domain, help: help.dns_domain },
  { name: 'ntp_server', label: 'Time server that systems are given', value: policy.ntp_server, help: 'Without the right time no certificate can be judged' },
];

function Name({ policy, started }: { policy: Policy; started: string }) {
  const fields = nameFields(policy, started);
  const [values, setValues] = useState<Values>(() => startOf(fields));
  const save = async () => {
    await call('PATCH /policy', { body: { ...values, ntp_server: values.ntp_server ?? '', dns_domain: values.dns_domain ?? '' } });
    await client.invalidateQueries();
    tell('The name is saved; the checklist was gone through again.');
  };
  return (
    <Card title="Its name">
      <Form run={save} button={values.manager_host_name === policy.manager_host_name ? 'Save and look again' : 'Change the name'}>
        <Fields fields={fields} values={values} change={setValues} />
        <Text size="sm" c="dimmed">
          The manager was started with the name {started} (<code>host_name</code> of its settings file, which takes a restart to change). The certificate of its own authority stands for that name and for the one here;
          a name that you give up stays in it until it is renewed, so that no system is locked out.
        </Text>
      </Form>
    </Card>
  );
}

function NameAndCertificate() {
  const policy = useGet('GET /policy');
  const about = useGet('GET /about');
  const own = useGet('GET /own-certificate');
  const go = useGo();
  const [kind, setKind] = useState<string>();
  const company = kind ? kind === 'company' : own.data?.active.internal === false;
  return (
    <>
      <div className="two">
        <Loaded of={policy} operation="GET /policy" lines={6}>
          {(one) => <Loaded of={about}>{(manager) => <Name policy={one} started={manager.host_name} />}</Loaded>}
        </Loaded>
        <OwnReadiness title="Is the name as systems need it?" only={['host_name', 'dns', 'systems_dns', 'one_name', 'override_dns', 'time', 'certificate']} />
      </div>
      <Card title="Which certificate does it show?">
        <Radio.Group aria-label="Certificate of the manager" value={company ? 'company' : 'internal'} onChange={setKind}>
          <Stack gap="xs">
            <Radio value="internal" label="That of its own authority" description="Nothing to do. Browsers must be told its root, which is below; systems are told it by the manager." />
            <Radio value="company" label="One of your company’s authority" description="Ask for one here and install the answer, or install a pair that you have. Browsers of your company trust it already." />
          </Stack>
        </Radio.Group>
      </Card>
      {company ? <OwnCertificate /> : <OwnRoots />}
      <Group>
        <Button rightSection={<ArrowRight size={16} />} onClick={() => go('/set-up/systems')}>
          Go on to the systems
        </Button>
      </Group>
    </>
  );
}

/** What a person would do with systems of his own: what they are told, who made them, which they are. */
async function take(demonstration: Demonstration): Promise<number> {
  await call('PATCH /policy', { body: demonstration.policy });
  for (const vendor of demonstration.vendors) await call('POST /factory-anchors', { body: vendor });
  const { added } = await call('POST /import/systems', { body: demonstration.list });
  await client.invalidateQueries();
  return added.length;
}

function Systems() {
  const demonstration = useGet('GET /demonstration');
  const about = useGet('GET /overview');
  const go = useGo();
  return (
    <>
      <Loaded of={demonstration} operation="GET /demonstration">
        {(one) =>
          one.systems > 0 ? (
            <Card title="The demonstration estate">
              <Form
                button="Take the demonstration estate"
                disabled={(about.data?.systems ?? 0) > 0}
                run={async () => {
                  tell(`${several(await take(one), 'system')} of the demonstration added; they are being observed.`);
                  go('/');
                }}
              >
                <Text size="sm">
                  {several(one.systems, 'virtual system')} at factory defaults {one.systems === 1 ? 'was' : 'were'} started beside this manager. Taken, they are added with what they have to be told: {one.policy.dns_servers?.join(', ')} for
                  names, {one.policy.ntp_server} for the time. Then the overview leads to Level 4.
                </Text>
                {(about.data?.systems ?? 0) > 0 && <Text size="sm" c="dimmed">There are systems already; the demonstration is for an empty manager.</Text>}
              </Form>
            </Card>
          ) : (
            <p className="dimmed">
              No demonstration estate was started beside this manager (<code>./run --first-visit</code> does that). Add systems of your own:
            </p>
          )
        }
      </Loaded>
      <WaysToAdd />
      <p className="dimmed">
        Systems that call by themselves, that are announced, or that a scan finds, come in at <To href="/arrivals">Arrivals</To>.
      </p>
      <Group>
        <Button component={Link} href="/" variant="default">
          To the overview
        </Button>
      </Group>
    </>
  );
}

export default function SetUp({ step = 'name' }: { step?: string }) {
  const may = useMay();
  if (!may('PATCH /policy')) return <Denied operation="PATCH /policy" />;
  return (
    <>
      <Head title="Set-up">Three steps: the password is set; now what systems and browsers know of the manager, and which systems it looks after.</Head>
      <div className="stack" data-ready="set-up">
        <Steps now={step} />
        {step === 'systems' ? <Systems /> : <NameAndCertificate />}
      </div>
    </>
  );
}
