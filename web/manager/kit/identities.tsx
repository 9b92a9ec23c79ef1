// One certificate for both sides of a system, or two: what each is for, which families can have two, and why the others cannot
// (docs/identities.md). What is said of families comes from their files.
import { useQuery } from '@tanstack/react-query';
import type { CertificateDetails, Family, SystemWithAssessment } from '../../generated/api';
import { call, Problem, useGet } from './api';
import { Chain } from './chain';
import type { Choice } from './form';
import { Card, State } from './show';
import { Empty, Loaded } from './states';
import { Short } from './table';

export const identityChoices: Choice[] = [
  { value: 'one', label: 'One, for its server and its calls' },
  { value: 'two', label: 'Two, one for its server and one for its calls' },
];

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const canHaveTwo = (one: Family) => one.two_identities && (one.two_identities_from ? `Two, from software ${one.two_identities_from}` : 'Two');

/** Which families can have two, and why not. */
export function FamiliesWithTwo() {
  const families = useGet('GET /families');
  return (
    <Loaded of={families} operation="GET /families">
      {(page) => <Short label="Identities of the families" heads={['Family', 'Certificates', 'Why']} rows={page.families.map((one) => [one.name, canHaveTwo(one) || 'One', one.two_identities ? 'It keeps a certificate for its calls apart from that of its server.' : `${sentence(one.one_certificate_because)}.`])} />}
    </Loaded>
  );
}

/** The certificate that a system shows when it calls, when that is another than the one it serves. */
async function shownInCalls(system: number, served: string): Promise<CertificateDetails | null> {
  const { certificates } = await call('GET /certificates', { query: { system, limit: 1000 } });
  for (const one of certificates.filter((each) => each.fingerprint !== served && !['root', 'authority'].includes(each.purpose))) {
    const details = await call('GET /certificates/{fingerprint}', { params: { fingerprint: one.fingerprint } });
    if (details.uses.some((use) => use.system === system && use.service === 'client' && use.until === null)) return details;
  }
  return null;
}

/** Both sides of a system with the chain of each. */
export function Identities({ system, aside }: { system: SystemWithAssessment; aside?: React.ReactNode }) {
  const served = system.certificate_fingerprint;
  const policy = useGet('GET /systems/{id}/policy', { params: { id: system.id } });
  const families = useGet('GET /families');
  const calls = useQuery<CertificateDetails | null, Problem>({ queryKey: ['GET /certificates', { shownBy: system.id, served }], queryFn: () => shownInCalls(system.id, served) });
  const family = families.data?.families.find((one) => one.id === system.family);
  const trusted = (system.assessment as { trusted_roots?: string[] | null } | null)?.trusted_roots;
  const said = (system.assessment as { readiness?: Array<{ id: string; state: string; evidence: string }> } | null)?.readiness?.find((one) => one.id === 'identities');
  const two = Boolean(calls.data);
  return (
    <>
      <Card title={two ? 'For its server: what it serves' : 'The chain that it serves'} aside={aside}>
        <p className="dimmed">
          {two ? 'Shown to browsers, and to the manager when it calls the system.' : 'It stands for both sides: shown to browsers and to the manager, and by the system in its own calls.'}
        </p>
        {served ? <Chain fingerprint={served} roots={trusted} /> : <Empty title="It serves no certificate">HTTPS is off, or it was not reached yet.</Empty>}
      </Card>
      <Loaded of={calls} operation="GET /certificates">
        {(one) =>
          one ? (
            <Card title="For its calls: what it shows the manager">
              <p className="dimmed">Shown by the system when it calls. It opens no server: only clients may use it.</p>
              <Chain fingerprint={one.fingerprint} />
            </Card>
          ) : (
            <Card title="One certificate, or two">
              <p>
                {policy.data?.identities === 'two' ? (
                  <>
                    The policy wants two. {said && <State value={said.state} />} {said?.evidence ?? 'The system was not observed since.'}
                  </>
                ) : (
                  <>
                    The policy asks for one. {family && (family.two_identities ? `A ${family.name} could have two${family.two_identities_from ? ` from software ${family.two_identities_from}` : ''}.` : `A ${family.name} has one: ${family.one_certificate_because}.`)}
                  </>
                )}
              </p>
            </Card>
          )
        }
      </Loaded>
    </>
  );
}
