/* The agents' console: live parts, drafts, keys and alerts. */

import { localise } from "./app.js";
import { startAlerts } from "./console/alerts.js";
import { startCanned } from "./console/canned.js";
import { startDrafts } from "./console/drafts.js";
import { startForms } from "./console/forms.js";
import { startKeys } from "./console/keys.js";
import { startLive } from "./console/live.js";
import { startPresence } from "./console/presence.js";

startDrafts();
startForms();
startLive((part) => localise(part));
startPresence();
startCanned();
startKeys();
startAlerts();
