import { Button } from '@mantine/core';
import type { EstateRoot } from '../../generated/api';
import { call, useGet } from '../kit/api';
import { useAsk } from '../kit/ask';
import { shortName } from '../kit/chain';
import { useFilter } from '../kit/filter';
import { fileText } from '../kit/form';
import { useMay } from '../kit/session';
import { Card, Fingerprint, Head, several, State, SystemNames, To, When } from '../kit/show';
import { Empty, Loaded } from '../kit/states';
import { List, type Column } from '../kit/table';

/** The first of those that depend on it, in a sentence. */
function namesOf({ depending: { systems, in_all } }: EstateRoot): string {
  const more = in_all - systems.length;
  return [...systems.map((one) => one.name), ...(more > 0 ? [`and ${more.toLocaleString('en')} more`] : [])].join(', ') || 'none';
}

/** The systems behind the two numbers of a root, by name. */
function Meant({ fingerprint }: { fingerprint: string }) {
  const root = useGet('GET /roots/{fingerprint}', { params: { fingerprint } });
  return (
    <Loaded of={root} operation="GET /roots/{fingerprint}" lines={3}>
      {(one) => (
        <div className="two" data-ready="meant">
          <Card title={`What depends on ${shortName(one.subject)}`} aside={<To href="/roots">Close</To>}>
            <p className="dimmed">It stands above the certificate that each of them serves: without it nobody can verify them.</p>
            <SystemNames of={one.depending} none="No system." />
            {one.needed_by.length > 0 && <p>Also needed by: {one.needed_by.join(', ')}.</p>}
          </Card>
          <Card title={`Who lacks ${shortName(one.subject)}`}>
            <p className="dimmed">They check the manager and do not trust this root yet. They get it at their next enforcement.</p>
            <SystemNames of={one.lacking} none="No system." />
          </Card>
        </div>
      )}
    </Loaded>
  );
}

export default function Roots() {
  const [{ root: chosen }] = useFilter('/roots');
  const may = useMay();
  const ask = useAsk();
  const columns: Column<EstateRoot>[] = [
    { id: 'subject', title: 'Root', width: 'minmax(12rem, 2fr)', cell: (one) => <><To href={`/certificates/${one.fingerprint}`}>{shortName(one.subject)}</To> {one.internal && <State value="own" tone="info" label="Own" />}</>, csv: (one) => one.subject },
    { id: 'expires', title: 'Ends', width: '11rem', cell: (one) => <When at={one.expires} day with_ago />, csv: (one) => one.expires },
    { id: 'depending', title: 'Depend on it', width: '9rem', cell: (one) => <To href={`/roots?root=${one.fingerprint}`}>{several(one.depending.in_all, 'system')}</To>, csv: (one) => one.depending.in_all },
    { id: 'lacking', title: 'Lack it', width: '8rem', cell: (one) => (one.lacking.in_all ? <To href={`/roots?root=${one.fingerprint}`}><State value="lack" tone="warn" label={several(one.lacking.in_all, 'system')} /></To> : '–'), csv: (one) => one.lacking.in_all },
    { id: 'needed', title: 'Needed by', width: 'minmax(9rem, 1fr)', cell: (one) => one.needed_by.join(', ') || '–', csv: (one) => one.needed_by.join(' ') },
    { id: 'by', title: 'Added by', width: '8rem', cell: (one) => one.added_by || '–', csv: (one) => one.added_by },
    { id: 'fingerprint', title: 'SHA-256', width: '13rem', cell: (one) => <Fingerprint value={one.fingerprint} />, csv: (one) => one.fingerprint },
    { id: 'remove', title: 'Remove', width: '6rem', cell: (one) => (may('DELETE /roots/{fingerprint}') && !one.internal ? <Button size="compact-xs" variant="default" onClick={() => ask({ title: `Do not trust ${shortName(one.subject)} any more`, danger: true, button: 'Remove it', text: `Systems forget it, too. ${several(one.depending.in_all, 'system')} depend on it: ${namesOf(one)}.`, fields: one.depending.in_all || one.needed_by.length ? [{ name: 'accept', label: 'I accept that they cannot be verified any more', kind: 'check' }] : [], run: ({ accept }) => call('DELETE /roots/{fingerprint}', { params: { fingerprint: one.fingerprint }, query: { accept_consequences: Boolean(accept) } }) })}>Remove</Button> : '–') },
  ];
  return (
    <>
      <Head title="Trusted roots" actions={may('POST /roots') && <Button onClick={() => ask({ title: 'Trust roots of others', button: 'Trust them', done: 'The roots are trusted; systems get them at the next enforcement.', fields: [{ name: 'file', label: 'File (PEM, DER or PKCS#7)', kind: 'file', required: true }], run: async ({ file }) => call('POST /roots', { body: { certificates: await fileText(file) } }) })}>Trust a root</Button>}>
        What the estate trusts, which systems depend on each root, and which still lack it.
      </Head>
      {chosen && <Meant key={chosen} fingerprint={chosen} />}
      <List operation="GET /roots" name="roots" rows={(page) => page.roots} columns={columns} id={(one) => one.fingerprint} full empty={<Empty title="No roots" />} />
    </>
  );
}
