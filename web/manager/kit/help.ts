// What the API's description says about the fields of forms.
import * as api from '../../generated/api';

const all = api as unknown as Record<string, Record<string, string> | undefined>;
const help = (name: string) => all[`${name}Help`] ?? {};
export const SystemChangeHelp = help('SystemChange');
export const ConnectionChangeHelp = help('ConnectionChange');
export const PolicyChangeHelp = help('PolicyChange');
export const NewCampaignHelp = help('NewCampaign');
export const ChannelHelp = help('NewNotificationChannel');
export const NewScanHelp = help('NewScan');
export const NetworkHelp = help('NetworkChange');
