/* The look of the open chat; frame.js has what the launcher needs too. */

export const CSS = `
ol,ul{list-style:none;padding:0}
strong{font-weight:650}
a{color:var(--accent);text-decoration:underline;text-underline-offset:2px}
.sr{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.panel{display:flex;flex-direction:column;inline-size:min(400px,calc(100vw - 44px));block-size:min(660px,calc(100dvh - 44px));background:var(--bg);border:1px solid var(--line);border-radius:20px;overflow:hidden;box-shadow:0 16px 56px var(--shade)}
:host([display=inline]) .panel{inline-size:100%;block-size:100%;box-shadow:none}
.top{display:flex;align-items:center;gap:10px;padding:12px 10px 12px 16px;background:var(--accent);color:var(--on-accent)}
.top>div{flex:1;min-inline-size:0}
.top h2{font-weight:650;line-height:1.25}.top p{font-size:13px;line-height:1.35}
.top button{display:grid;place-items:center;border-radius:12px}
.top button:hover{background:#ffffff26}.top :focus-visible{outline-color:currentColor;outline-offset:-4px}
.face{display:grid;place-items:center;inline-size:38px;block-size:38px;border-radius:50%;border:1.5px solid}
.face svg{inline-size:19px;block-size:19px}
.ask{padding:12px 16px;border-block-end:1px solid var(--line)}.ask button{margin-block-start:8px}
.notice{padding:8px 16px;font-size:14px;background:var(--bubble);border-block-end:1px solid var(--line)}.notice:empty{display:none}
.middle{position:relative;flex:1;min-block-size:0;display:flex}
.log{flex:1;overflow-y:auto;overscroll-behavior:contain}.log:focus-visible{outline-offset:-3px}
.log>ol{display:flex;flex-direction:column;gap:12px;padding:18px 16px}
.log>ol>li{max-inline-size:88%;align-self:flex-start;display:flex;flex-direction:column;align-items:flex-start;position:relative}
.log>ol>.customer{align-self:flex-end;align-items:flex-end}
.bubble{background:var(--bubble);padding:9px 14px;border-radius:4px 16px 16px 16px;overflow-wrap:anywhere;white-space:pre-wrap}
.customer .bubble{background:var(--accent);color:var(--on-accent);border-radius:16px 16px 4px 16px}.customer a{color:inherit}
.agent .bubble{background:none;border:1.5px solid var(--accent)}
.log>ol>.system{align-self:center;max-inline-size:100%}.system .bubble{background:none;color:var(--quiet);font-size:13.5px;text-align:center;padding:2px 8px}
.meta{font-size:12.5px;color:var(--quiet);margin-block-start:3px}
.bad{color:var(--bad);font-size:14px}p.bad:empty{display:none}.panel>.bad{padding:8px 16px 0}
.quiet{color:var(--quiet);font-size:13.5px}
.choices{display:flex;flex-wrap:wrap;gap:8px;margin-block-start:10px}
.choices button,.below{border:1.5px solid var(--accent);color:var(--accent);border-radius:22px;padding:4px 16px;background:var(--bg);text-align:start}
.choices button:hover,.below:hover{background:var(--bubble)}
.link{color:var(--accent);text-decoration:underline;text-underline-offset:2px;padding:0 4px;min-inline-size:0}.meta .link{min-block-size:28px}
.primary{background:var(--accent);color:var(--on-accent);border-radius:12px;padding:0 16px}
.below{position:absolute;inset-block-end:10px;inset-inline-start:50%;translate:-50%;display:flex;align-items:center;gap:6px;box-shadow:0 4px 16px var(--shade);white-space:nowrap}.below svg{inline-size:16px}
.log>ol>.typing{flex-direction:row;gap:5px;padding:14px;background:var(--bubble);border-radius:4px 16px 16px 16px}
.typing i{inline-size:7px;block-size:7px;border-radius:50%;background:var(--quiet)}
.card{border:1px solid var(--line);border-radius:16px;padding:14px;margin-block-start:8px;background:var(--bg);inline-size:min(310px,100%);font-size:14.5px}
.card:first-of-type:not(.bubble~*){margin-block-start:0}
.card header{display:flex;justify-content:space-between;align-items:center;gap:8px;flex-wrap:wrap}
.badge{font-size:12.5px;font-weight:600;border-radius:10px;padding:1px 10px;border:1px solid var(--edge)}
.badge.delivered{color:var(--good);border-color:currentColor}.badge.cancelled{color:var(--bad);border-color:currentColor}
.progress{display:flex;gap:5px;margin-block-start:10px}.progress i{flex:1;block-size:5px;border-radius:3px;background:var(--line)}.progress .done{background:var(--accent)}
dl{margin-block-start:10px}dl>div{display:grid;grid-template-columns:6.2em 1fr;gap:10px;padding-block:4px}dl>div+div{border-block-start:1px solid var(--line)}
dt{color:var(--quiet)}dd{overflow-wrap:anywhere;min-inline-size:0}
.orders>li{padding-block:9px}.orders>li:first-child{padding-block-start:0}.orders>li:last-child{padding-block-end:0}.orders>li+li{border-block-start:1px solid var(--line)}.orders p{color:var(--quiet);font-size:13.5px}
.verdict{font-size:16px;margin-block:8px 2px}
.reasons{margin-block-start:10px}.reasons h3{font-size:13px;font-weight:650;color:var(--quiet)}.reasons li{display:grid;grid-template-columns:1.2em 1fr}.sign{font-weight:700;color:var(--accent)}
.quoted{white-space:pre-wrap;margin-block-end:8px}
.card dl+.quiet{margin-block-start:8px}
.verify .quiet{margin-block:4px 10px}.verify label{font-size:13.5px;font-weight:600}
.row{display:flex;gap:8px;margin-block-start:4px;flex-wrap:wrap}
input,textarea{background:var(--bg);border:1.5px solid var(--edge);border-radius:12px;padding:9px 12px;font-size:16px;min-block-size:44px}
input{flex:1 1 9em;min-inline-size:0}input[aria-invalid=true]{border-color:var(--bad)}
.verify .bad{margin-block-start:6px}
.links .link{padding:0}.links{display:flex;flex-wrap:wrap;align-items:center;gap:4px 14px;font-size:14px;margin-block-start:6px}
.confirmed{display:flex;align-items:center;gap:8px;color:var(--good);font-weight:600}
.composer{display:flex;gap:8px;padding:12px 12px 10px;align-items:flex-end;border-block-start:1px solid var(--line)}
textarea{flex:1;resize:none;line-height:1.4;min-inline-size:0}::placeholder{color:var(--quiet);opacity:1}
textarea:focus-visible,input:focus-visible{outline-offset:-1px;outline-width:2px}
.send{background:var(--accent);color:var(--on-accent);border-radius:12px;display:grid;place-items:center}
.privacy{font-size:12px;color:var(--quiet);padding:0 16px 10px;line-height:1.35}
@media(max-width:480px){:host([open]:not([display=inline])){inset:0}:host(:not([display=inline])) .panel{inline-size:100vw;block-size:100dvh;border:0;border-radius:0}}
@media(prefers-reduced-motion:no-preference){.panel:not([hidden]){animation:in .18s ease-out}.typing i{animation:dot 1.2s infinite}.typing i:nth-of-type(2){animation-delay:.15s}.typing i:nth-of-type(3){animation-delay:.3s}@keyframes in{from{opacity:0;translate:0 10px}}@keyframes dot{30%{translate:0 -4px;opacity:.6}}}
@media(forced-colors:active){.bubble,.launcher,.send,.primary{border:1px solid}.progress .done{background:Highlight}}
`;
