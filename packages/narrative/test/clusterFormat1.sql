--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: gemini_cluster_locks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_cluster_locks (
    shard_id character varying(50) NOT NULL,
    address character varying(255) NOT NULL,
    acquired_at timestamp without time zone NOT NULL
);


--
-- Name: gemini_cluster_messages; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_cluster_messages (
    id bigint NOT NULL,
    rowid bigint NOT NULL,
    message_id character varying(255),
    shard_id character varying(50) NOT NULL,
    entity_type character varying(150) NOT NULL,
    entity_id character varying(255) NOT NULL,
    kind integer NOT NULL,
    tag character varying(50),
    payload text,
    headers text,
    trace_id character varying(32),
    span_id character varying(16),
    sampled boolean,
    processed boolean DEFAULT false NOT NULL,
    request_id bigint NOT NULL,
    reply_id bigint,
    last_reply_id bigint,
    last_read timestamp without time zone,
    deliver_at bigint
);


--
-- Name: gemini_cluster_messages_rowid_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.gemini_cluster_messages_rowid_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: gemini_cluster_messages_rowid_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.gemini_cluster_messages_rowid_seq OWNED BY public.gemini_cluster_messages.rowid;


--
-- Name: gemini_cluster_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_cluster_migrations (
    migration_id integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    name text NOT NULL
);


--
-- Name: gemini_cluster_replies; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_cluster_replies (
    id bigint NOT NULL,
    rowid bigint NOT NULL,
    kind integer,
    request_id bigint NOT NULL,
    payload text NOT NULL,
    sequence integer,
    acked boolean DEFAULT false NOT NULL
);


--
-- Name: gemini_cluster_replies_rowid_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.gemini_cluster_replies_rowid_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: gemini_cluster_replies_rowid_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.gemini_cluster_replies_rowid_seq OWNED BY public.gemini_cluster_replies.rowid;


--
-- Name: gemini_cluster_runner_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_cluster_runner_migrations (
    migration_id integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    name text NOT NULL
);


--
-- Name: gemini_cluster_runners; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_cluster_runners (
    machine_id integer NOT NULL,
    address character varying(255) NOT NULL,
    runner text NOT NULL,
    healthy boolean DEFAULT true NOT NULL,
    last_heartbeat timestamp without time zone DEFAULT now() NOT NULL
);


--
-- Name: gemini_cluster_runners_machine_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.gemini_cluster_runners_machine_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: gemini_cluster_runners_machine_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.gemini_cluster_runners_machine_id_seq OWNED BY public.gemini_cluster_runners.machine_id;


--
-- Name: gemini_journal_blob; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_journal_blob (
    run_id text NOT NULL COLLATE pg_catalog."C",
    digest text NOT NULL,
    part bigint NOT NULL,
    bytes bytea NOT NULL
);


--
-- Name: gemini_journal_entry; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_journal_entry (
    run_id text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    writer text NOT NULL,
    size bigint NOT NULL,
    line text NOT NULL
);


--
-- Name: gemini_journal_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_journal_migrations (
    migration_id integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    name text NOT NULL
);


--
-- Name: gemini_journal_run; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_journal_run (
    id text NOT NULL COLLATE pg_catalog."C",
    mark text NOT NULL,
    writer text NOT NULL,
    next bigint NOT NULL,
    state text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    bytes bigint NOT NULL
);


--
-- Name: gemini_run_claim; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_run_claim (
    run_id text NOT NULL COLLATE pg_catalog."C",
    worker text NOT NULL,
    due_at bigint NOT NULL
);


--
-- Name: gemini_run_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_run_migrations (
    migration_id integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    name text NOT NULL
);


--
-- Name: gemini_run_order; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_run_order (
    run_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL
);


--
-- Name: gemini_run_worker; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gemini_run_worker (
    id text NOT NULL COLLATE pg_catalog."C",
    address text NOT NULL,
    machine text NOT NULL,
    pid bigint NOT NULL,
    started_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    playing bigint NOT NULL,
    taken bigint NOT NULL,
    stuck bigint NOT NULL
);


--
-- Name: gemini_cluster_messages rowid; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_messages ALTER COLUMN rowid SET DEFAULT nextval('public.gemini_cluster_messages_rowid_seq'::regclass);


--
-- Name: gemini_cluster_replies rowid; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_replies ALTER COLUMN rowid SET DEFAULT nextval('public.gemini_cluster_replies_rowid_seq'::regclass);


--
-- Name: gemini_cluster_runners machine_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_runners ALTER COLUMN machine_id SET DEFAULT nextval('public.gemini_cluster_runners_machine_id_seq'::regclass);


--
-- Data for Name: gemini_cluster_locks; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: gemini_cluster_messages; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gemini_cluster_messages VALUES (252910870198226944, 2, 'Workflow/NarrativeRun/1/6bcda7496a9da283cfd09f8b3c05a4ed/activity/a@5e1772345ba9/1', 'default:119', 'Workflow/NarrativeRun/1', '6bcda7496a9da283cfd09f8b3c05a4ed', 0, 'activity', '{"name":"a@5e1772345ba9","attempt":1,"withTransaction":false}', '{}', '890a6236c3a637149368dfb3b7dec3ce', 'd810a77f766e0fe9', true, true, 252910870198226944, NULL, 252910870873509888, '2026-11-29 21:37:30.315436', NULL);
INSERT INTO public.gemini_cluster_messages VALUES (252910870852538368, 3, NULL, 'default:119', 'Workflow/NarrativeRun/1', '6bcda7496a9da283cfd09f8b3c05a4ed', 2, NULL, NULL, NULL, NULL, NULL, NULL, true, 252910870198226944, NULL, 252910870873509888, NULL, NULL);
INSERT INTO public.gemini_cluster_messages VALUES (252910869860192256, 1, 'Workflow/NarrativeRun/1/6bcda7496a9da283cfd09f8b3c05a4ed/run/', 'default:119', 'Workflow/NarrativeRun/1', '6bcda7496a9da283cfd09f8b3c05a4ed', 0, 'run', '{"run":"finished"}', '{}', '890a6236c3a637149368dfb3b7dec3ce', '184738791a51a16b', true, true, 252910869860192256, NULL, 252910870911258624, '2026-11-29 21:37:30.276121', NULL);
INSERT INTO public.gemini_cluster_messages VALUES (252910871079030784, 5, 'Workflow/NarrativeRun/1/eeac4e006d97cc8739b27bdf5a92efac/activity/a@943ed641b44d/1', 'default:23', 'Workflow/NarrativeRun/1', 'eeac4e006d97cc8739b27bdf5a92efac', 0, 'activity', '{"name":"a@943ed641b44d","attempt":1,"withTransaction":false}', '{}', '14fd9aa50f18808fd514579dc0e4d635', '764ceab75013aafb', true, true, 252910871079030784, NULL, 252910871645261824, '2026-11-29 21:37:30.523049', NULL);
INSERT INTO public.gemini_cluster_messages VALUES (252910871460712448, 6, 'Workflow/NarrativeRun/1/eeac4e006d97cc8739b27bdf5a92efac/activity/b@029135e4b397/1', 'default:23', 'Workflow/NarrativeRun/1', 'eeac4e006d97cc8739b27bdf5a92efac', 0, 'activity', '{"name":"b@029135e4b397","attempt":1,"withTransaction":false}', '{}', '14fd9aa50f18808fd514579dc0e4d635', '5caddef566d4e0d4', true, true, 252910871460712448, NULL, 252910879769628673, '2026-11-29 21:37:30.617256', NULL);
INSERT INTO public.gemini_cluster_messages VALUES (252910879769628672, 7, NULL, 'default:23', 'Workflow/NarrativeRun/1', 'eeac4e006d97cc8739b27bdf5a92efac', 2, NULL, NULL, NULL, NULL, NULL, NULL, true, 252910871460712448, NULL, 252910879769628673, NULL, NULL);
INSERT INTO public.gemini_cluster_messages VALUES (252910870963294208, 4, 'Workflow/NarrativeRun/1/eeac4e006d97cc8739b27bdf5a92efac/run/', 'default:23', 'Workflow/NarrativeRun/1', 'eeac4e006d97cc8739b27bdf5a92efac', 0, 'run', '{"run":"paused"}', '{}', '14fd9aa50f18808fd514579dc0e4d635', 'e61065e741588acf', true, true, 252910870963294208, NULL, 252910879811571712, '2026-11-29 21:37:30.495811', NULL);
INSERT INTO public.gemini_cluster_messages VALUES (252910879888773120, 8, 'Workflow/NarrativeRun/1/1f1edce87995a34e1447a616c45750a9/run/', 'default:18', 'Workflow/NarrativeRun/1', '1f1edce87995a34e1447a616c45750a9', 0, 'run', '{"run":"undecided"}', '{}', '36dc9d99ddd7c8a09cc882ef3dbebcf9', '517a25e0c1046d5b', true, true, 252910879888773120, NULL, 252910880142921728, '2026-11-29 21:37:32.625368', NULL);
INSERT INTO public.gemini_cluster_messages VALUES (252910880046452736, 9, 'Workflow/NarrativeRun/1/1f1edce87995a34e1447a616c45750a9/activity/a@11ee97f2307c/1', 'default:18', 'Workflow/NarrativeRun/1', '1f1edce87995a34e1447a616c45750a9', 0, 'activity', '{"name":"a@11ee97f2307c","attempt":1,"withTransaction":false}', '{}', '36dc9d99ddd7c8a09cc882ef3dbebcf9', '2f0ab27cfd659174', true, true, 252910880046452736, NULL, 252910880113561600, '2026-11-29 21:37:32.662231', NULL);
INSERT INTO public.gemini_cluster_messages VALUES (252910880126144512, 10, NULL, 'default:18', 'Workflow/NarrativeRun/1', '1f1edce87995a34e1447a616c45750a9', 2, NULL, NULL, NULL, NULL, NULL, NULL, true, 252910880046452736, NULL, 252910880113561600, '2026-11-29 21:37:32.682192', NULL);
INSERT INTO public.gemini_cluster_messages VALUES (252910880161402880, 11, 'Workflow/NarrativeRun/1/abf8b0632a4de9f114911765948c7aab/run/', 'default:109', 'Workflow/NarrativeRun/1', 'abf8b0632a4de9f114911765948c7aab', 0, 'run', '{"run":"cutOff"}', '{}', 'ac1abea55d4ea39d8232a8e6e996f86d', 'c0bb73562d3fdc08', true, false, 252910880161402880, NULL, NULL, '2026-11-29 21:37:32.68903', NULL);
INSERT INTO public.gemini_cluster_messages VALUES (252910880197447680, 12, 'Workflow/NarrativeRun/1/abf8b0632a4de9f114911765948c7aab/activity/a@4ed50bdd45b8/1', 'default:109', 'Workflow/NarrativeRun/1', 'abf8b0632a4de9f114911765948c7aab', 0, 'activity', '{"name":"a@4ed50bdd45b8","attempt":1,"withTransaction":false}', '{}', 'ac1abea55d4ea39d8232a8e6e996f86d', 'd872002dabdc7c80', true, true, 252910880197447680, NULL, 252910880239390720, '2026-11-29 21:37:32.697377', NULL);
INSERT INTO public.gemini_cluster_messages VALUES (252910880235196416, 13, 'Workflow/NarrativeRun/1/abf8b0632a4de9f114911765948c7aab/activity/b@17dfabbbe13a/1', 'default:109', 'Workflow/NarrativeRun/1', 'abf8b0632a4de9f114911765948c7aab', 0, 'activity', '{"name":"b@17dfabbbe13a","attempt":1,"withTransaction":false}', '{}', 'ac1abea55d4ea39d8232a8e6e996f86d', 'a5e1a1ac5d51f4a6', true, false, 252910880235196416, NULL, NULL, '2026-11-29 21:37:32.70703', NULL);


--
-- Data for Name: gemini_cluster_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gemini_cluster_migrations VALUES (1, '2026-11-29 21:37:29.767595+00', 'create_tables');
INSERT INTO public.gemini_cluster_migrations VALUES (2, '2026-11-29 21:37:29.767595+00', 'entity_type_size');
INSERT INTO public.gemini_cluster_migrations VALUES (3, '2026-11-29 21:37:29.767595+00', 'pg_messages_rowid_index');


--
-- Data for Name: gemini_cluster_replies; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gemini_cluster_replies VALUES (252910870873509888, 1, 0, 252910870198226944, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":{}}}}', NULL, false);
INSERT INTO public.gemini_cluster_replies VALUES (252910870911258624, 2, 0, 252910869860192256, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":{"standing":"finished"}}}}', NULL, false);
INSERT INTO public.gemini_cluster_replies VALUES (252910871645261824, 3, 0, 252910871079030784, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":{}}}}', NULL, false);
INSERT INTO public.gemini_cluster_replies VALUES (252910879769628673, 4, 0, 252910871460712448, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":{}}}}', NULL, false);
INSERT INTO public.gemini_cluster_replies VALUES (252910879811571712, 5, 0, 252910870963294208, '{"_tag":"Success","value":{"_tag":"Suspended","cause":[{"_tag":"Die","defect":{"name":"effect-gemini-narrative/Halted","message":"b: This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again later."}}],"failed":true}}', NULL, false);
INSERT INTO public.gemini_cluster_replies VALUES (252910880142921728, 6, 0, 252910879888773120, '{"_tag":"Success","value":{"_tag":"Suspended","cause":null}}', NULL, false);
INSERT INTO public.gemini_cluster_replies VALUES (252910880113561600, 7, 0, 252910880046452736, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":{}}}}', NULL, false);
INSERT INTO public.gemini_cluster_replies VALUES (252910880239390720, 8, 0, 252910880197447680, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":{}}}}', NULL, false);


--
-- Data for Name: gemini_cluster_runner_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gemini_cluster_runner_migrations VALUES (1, '2026-11-29 21:37:29.744899+00', 'create_tables');


--
-- Data for Name: gemini_cluster_runners; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gemini_cluster_runners VALUES (1, '127.0.0.1:39227', '{"address":{"host":"127.0.0.1","port":39227},"groups":["default"],"weight":1}', true, '2026-11-29 21:37:33.016865');


--
-- Data for Name: gemini_journal_blob; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: gemini_journal_entry; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gemini_journal_entry VALUES ('finished', 0, '16156.mx2d16xp.232o2ajxmm', 81, '{"v":1,"seq":0,"at":1795988250205,"by":"16156.mx2d16xp.232o2ajxmm","opened":true}');
INSERT INTO public.gemini_journal_entry VALUES ('finished', 1, '16156.mx2d16xp.232o2ajxmm', 494, '{"v":1,"seq":1,"at":1795988250208,"by":"16156.mx2d16xp.232o2ajxmm","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"Started","content":{"plan":{"file":"narrative.toml","title":"narrative.toml","text":"[[acts]]\nname = \"a\"\nprompt = \"[finished_a]\"\n","variables":{},"acts":[{"name":"a","needs":[],"model":"gemini-2.5-flash","inputs":[{"_tag":"Text","text":["[finished_a]"]}]}]}},"settings":{"concurrency":1,"model":"gemini-2.5-flash"},"library":"0.0.0"}]}');
INSERT INTO public.gemini_journal_entry VALUES ('finished', 2, '16237.mx2d1709.0zfuw0uqrs', 99, '{"v":1,"seq":2,"at":1795988250297,"by":"16237.mx2d1709.0zfuw0uqrs","opened":true,"state":"running"}');
INSERT INTO public.gemini_journal_entry VALUES ('finished', 3, '16237.mx2d1709.0zfuw0uqrs', 284, '{"v":1,"seq":3,"at":1795988250323,"by":"16237.mx2d1709.0zfuw0uqrs","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"ActAsked","act":"a","key":"a@5e1772345ba9","attempt":1,"model":"gemini-2.5-flash","estimate":{"tokens":1003,"dollars":"0.002503"}}]}');
INSERT INTO public.gemini_journal_entry VALUES ('finished', 4, '16237.mx2d1709.0zfuw0uqrs', 639, '{"v":1,"seq":4,"at":1795988250450,"by":"16237.mx2d1709.0zfuw0uqrs","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"ActAnswered","act":"a","key":"a@5e1772345ba9","output":{"text":"answer 64"},"sha256":"645b9e517d053c047405e644bcbcbee8fa8f95e1b89a966f62e526dfe44aa557","model":"gemini-2.5-flash","finishReason":"STOP","usage":{"promptTokens":3,"cachedTokens":0,"toolUsePromptTokens":0,"thoughtsTokens":0,"candidatesTokens":3,"totalTokens":6},"cost":"0.0000084","charged":{"tokens":6,"dollars":"0.0000084"},"attempts":[{"model":"gemini-2.5-flash","status":200}],"startedAt":1795988250322,"duration":127}]}');
INSERT INTO public.gemini_journal_entry VALUES ('finished', 5, '16237.mx2d1709.0zfuw0uqrs', 366, '{"v":1,"seq":5,"at":1795988250467,"by":"16237.mx2d1709.0zfuw0uqrs","state":"finished","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"Finished","ok":true,"failed":[],"skipped":[],"totals":{"promptTokens":3,"outputTokens":3,"totalTokens":6,"dollars":"0.0000084","charged":{"tokens":6,"dollars":"0.0000084"},"isEstimated":false,"isPartial":false}}]}');
INSERT INTO public.gemini_journal_entry VALUES ('paused', 0, '16156.mx2d175b.0zxfuit3pt', 81, '{"v":1,"seq":0,"at":1795988250479,"by":"16156.mx2d175b.0zxfuit3pt","opened":true}');
INSERT INTO public.gemini_journal_entry VALUES ('paused', 1, '16156.mx2d175b.0zxfuit3pt', 663, '{"v":1,"seq":1,"at":1795988250481,"by":"16156.mx2d175b.0zxfuit3pt","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"Started","content":{"plan":{"file":"narrative.toml","title":"narrative.toml","text":"[[acts]]\nname = \"a\"\nprompt = \"[paused_a]\"\n\n[[acts]]\nname = \"b\"\nprompt = \"[paused_b] {{a}}\"\n","variables":{},"acts":[{"name":"a","needs":[],"model":"gemini-2.5-flash","inputs":[{"_tag":"Text","text":["[paused_a]"]}]},{"name":"b","needs":["a"],"model":"gemini-2.5-flash","inputs":[{"_tag":"Text","text":["[paused_b] ",{"ref":"a"}]}]}]}},"settings":{"concurrency":1,"model":"gemini-2.5-flash"},"library":"0.0.0"}]}');
INSERT INTO public.gemini_journal_entry VALUES ('paused', 2, '16237.mx2d176d.0ztvqu3e7t', 99, '{"v":1,"seq":2,"at":1795988250517,"by":"16237.mx2d176d.0ztvqu3e7t","opened":true,"state":"running"}');
INSERT INTO public.gemini_journal_entry VALUES ('paused', 3, '16237.mx2d176d.0ztvqu3e7t', 284, '{"v":1,"seq":3,"at":1795988250524,"by":"16237.mx2d176d.0ztvqu3e7t","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"ActAsked","act":"a","key":"a@943ed641b44d","attempt":1,"model":"gemini-2.5-flash","estimate":{"tokens":1003,"dollars":"0.002503"}}]}');
INSERT INTO public.gemini_journal_entry VALUES ('paused', 4, '16237.mx2d176d.0ztvqu3e7t', 638, '{"v":1,"seq":4,"at":1795988250565,"by":"16237.mx2d176d.0ztvqu3e7t","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"ActAnswered","act":"a","key":"a@943ed641b44d","output":{"text":"answer 62"},"sha256":"62e797c98f81f5024fe4612fd9a78605ae105c7dcd2eb741ada0488e2e7a992c","model":"gemini-2.5-flash","finishReason":"STOP","usage":{"promptTokens":3,"cachedTokens":0,"toolUsePromptTokens":0,"thoughtsTokens":0,"candidatesTokens":3,"totalTokens":6},"cost":"0.0000084","charged":{"tokens":6,"dollars":"0.0000084"},"attempts":[{"model":"gemini-2.5-flash","status":200}],"startedAt":1795988250524,"duration":41}]}');
INSERT INTO public.gemini_journal_entry VALUES ('paused', 5, '16237.mx2d176d.0ztvqu3e7t', 284, '{"v":1,"seq":5,"at":1795988250619,"by":"16237.mx2d176d.0ztvqu3e7t","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"ActAsked","act":"b","key":"b@029135e4b397","attempt":1,"model":"gemini-2.5-flash","estimate":{"tokens":1005,"dollars":"0.002505"}}]}');
INSERT INTO public.gemini_journal_entry VALUES ('paused', 6, '16237.mx2d176d.0ztvqu3e7t', 733, '{"v":1,"seq":6,"at":1795988252591,"by":"16237.mx2d176d.0ztvqu3e7t","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"ActFailed","act":"b","key":"b@029135e4b397","final":false,"cause":{"reason":"Overloaded","message":"This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again later.","status":503,"model":"gemini-2.5-flash"},"charged":{"tokens":0,"dollars":"0"},"attempts":[{"model":"gemini-2.5-flash","status":503,"reason":"Overloaded","delay":874.693902},{"model":"gemini-2.5-flash","status":503,"reason":"Overloaded","delay":1026.048526},{"model":"gemini-2.5-flash","status":503,"reason":"Overloaded"}],"startedAt":1795988250619,"duration":1971}]}');
INSERT INTO public.gemini_journal_entry VALUES ('paused', 7, '16237.mx2d176d.0ztvqu3e7t', 380, '{"v":1,"seq":7,"at":1795988252593,"by":"16237.mx2d176d.0ztvqu3e7t","state":"paused","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"Paused","acts":[{"act":"b","cause":{"reason":"Overloaded","message":"This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again later.","status":503,"model":"gemini-2.5-flash"}}]}]}');
INSERT INTO public.gemini_journal_entry VALUES ('undecided', 0, '16156.mx2d18sh.20za78lbl2', 81, '{"v":1,"seq":0,"at":1795988252609,"by":"16156.mx2d18sh.20za78lbl2","opened":true}');
INSERT INTO public.gemini_journal_entry VALUES ('undecided', 1, '16156.mx2d18sh.20za78lbl2', 740, '{"v":1,"seq":1,"at":1795988252609,"by":"16156.mx2d18sh.20za78lbl2","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"Started","content":{"plan":{"file":"narrative.toml","title":"narrative.toml","text":"[[acts]]\nname = \"a\"\nprompt = \"[undecided_a]\"\n\n\n[[acts]]\nname = \"b\"\napprove = \"Send {{a}}?\"\nprompt = \"[undecided_b] {{a}}\"\n","variables":{},"acts":[{"name":"a","needs":[],"model":"gemini-2.5-flash","inputs":[{"_tag":"Text","text":["[undecided_a]"]}]},{"name":"b","needs":["a"],"model":"gemini-2.5-flash","inputs":[{"_tag":"Text","text":["[undecided_b] ",{"ref":"a"}]}],"approve":["Send ",{"ref":"a"},"?"]}]}},"settings":{"concurrency":1,"model":"gemini-2.5-flash"},"library":"0.0.0"}]}');
INSERT INTO public.gemini_journal_entry VALUES ('undecided', 2, '16237.mx2d18tq.14owwjrya4', 99, '{"v":1,"seq":2,"at":1795988252654,"by":"16237.mx2d18tq.14owwjrya4","opened":true,"state":"running"}');
INSERT INTO public.gemini_journal_entry VALUES ('undecided', 3, '16237.mx2d18tq.14owwjrya4', 284, '{"v":1,"seq":3,"at":1795988252664,"by":"16237.mx2d18tq.14owwjrya4","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"ActAsked","act":"a","key":"a@11ee97f2307c","attempt":1,"model":"gemini-2.5-flash","estimate":{"tokens":1004,"dollars":"0.002504"}}]}');
INSERT INTO public.gemini_journal_entry VALUES ('undecided', 4, '16237.mx2d18tq.14owwjrya4', 637, '{"v":1,"seq":4,"at":1795988252669,"by":"16237.mx2d18tq.14owwjrya4","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"ActAnswered","act":"a","key":"a@11ee97f2307c","output":{"text":"answer 65"},"sha256":"969be88b76311ed642eea7c580228f5727864f0e4e87971bb5fe58f3996568f5","model":"gemini-2.5-flash","finishReason":"STOP","usage":{"promptTokens":4,"cachedTokens":0,"toolUsePromptTokens":0,"thoughtsTokens":0,"candidatesTokens":3,"totalTokens":7},"cost":"0.0000087","charged":{"tokens":7,"dollars":"0.0000087"},"attempts":[{"model":"gemini-2.5-flash","status":200}],"startedAt":1795988252664,"duration":5}]}');
INSERT INTO public.gemini_journal_entry VALUES ('undecided', 5, '16237.mx2d18tq.14owwjrya4', 231, '{"v":1,"seq":5,"at":1795988252673,"by":"16237.mx2d18tq.14owwjrya4","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"ApprovalAsked","act":"b","key":"b@2188bccc5573","question":"Send answer 65?"}]}');
INSERT INTO public.gemini_journal_entry VALUES ('cutOff', 0, '16156.mx2d18ub.0orlwicp1w', 81, '{"v":1,"seq":0,"at":1795988252675,"by":"16156.mx2d18ub.0orlwicp1w","opened":true}');
INSERT INTO public.gemini_journal_entry VALUES ('cutOff', 1, '16156.mx2d18ub.0orlwicp1w', 663, '{"v":1,"seq":1,"at":1795988252676,"by":"16156.mx2d18ub.0orlwicp1w","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"Started","content":{"plan":{"file":"narrative.toml","title":"narrative.toml","text":"[[acts]]\nname = \"a\"\nprompt = \"[cutOff_a]\"\n\n[[acts]]\nname = \"b\"\nprompt = \"[cutOff_b] {{a}}\"\n","variables":{},"acts":[{"name":"a","needs":[],"model":"gemini-2.5-flash","inputs":[{"_tag":"Text","text":["[cutOff_a]"]}]},{"name":"b","needs":["a"],"model":"gemini-2.5-flash","inputs":[{"_tag":"Text","text":["[cutOff_b] ",{"ref":"a"}]}]}]}},"settings":{"concurrency":1,"model":"gemini-2.5-flash"},"library":"0.0.0"}]}');
INSERT INTO public.gemini_journal_entry VALUES ('cutOff', 2, '16237.mx2d18ut.0k89oz76yf', 99, '{"v":1,"seq":2,"at":1795988252693,"by":"16237.mx2d18ut.0k89oz76yf","opened":true,"state":"running"}');
INSERT INTO public.gemini_journal_entry VALUES ('cutOff', 3, '16237.mx2d18ut.0k89oz76yf', 284, '{"v":1,"seq":3,"at":1795988252698,"by":"16237.mx2d18ut.0k89oz76yf","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"ActAsked","act":"a","key":"a@4ed50bdd45b8","attempt":1,"model":"gemini-2.5-flash","estimate":{"tokens":1003,"dollars":"0.002503"}}]}');
INSERT INTO public.gemini_journal_entry VALUES ('cutOff', 4, '16237.mx2d18ut.0k89oz76yf', 637, '{"v":1,"seq":4,"at":1795988252703,"by":"16237.mx2d18ut.0k89oz76yf","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"ActAnswered","act":"a","key":"a@4ed50bdd45b8","output":{"text":"answer 62"},"sha256":"62e797c98f81f5024fe4612fd9a78605ae105c7dcd2eb741ada0488e2e7a992c","model":"gemini-2.5-flash","finishReason":"STOP","usage":{"promptTokens":3,"cachedTokens":0,"toolUsePromptTokens":0,"thoughtsTokens":0,"candidatesTokens":3,"totalTokens":6},"cost":"0.0000084","charged":{"tokens":6,"dollars":"0.0000084"},"attempts":[{"model":"gemini-2.5-flash","status":200}],"startedAt":1795988252698,"duration":5}]}');
INSERT INTO public.gemini_journal_entry VALUES ('cutOff', 5, '16237.mx2d18ut.0k89oz76yf', 284, '{"v":1,"seq":5,"at":1795988252708,"by":"16237.mx2d18ut.0k89oz76yf","state":"running","of":"effect-gemini-narrative/Run","version":2,"records":[{"_tag":"ActAsked","act":"b","key":"b@17dfabbbe13a","attempt":1,"model":"gemini-2.5-flash","estimate":{"tokens":1005,"dollars":"0.002505"}}]}');


--
-- Data for Name: gemini_journal_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gemini_journal_migrations VALUES (1, '2026-11-29 21:37:30.016816+00', 'journal');


--
-- Data for Name: gemini_journal_run; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gemini_journal_run VALUES ('finished', '16156.mx2d16xp.232o2ajxmm', '16237.mx2d1709.0zfuw0uqrs', 6, 'finished', 1795988250205, 1795988250467, 1963);
INSERT INTO public.gemini_journal_run VALUES ('paused', '16156.mx2d175b.0zxfuit3pt', '16237.mx2d176d.0ztvqu3e7t', 8, 'paused', 1795988250479, 1795988252593, 3162);
INSERT INTO public.gemini_journal_run VALUES ('undecided', '16156.mx2d18sh.20za78lbl2', '16237.mx2d18tq.14owwjrya4', 6, 'running', 1795988252609, 1795988252673, 2072);
INSERT INTO public.gemini_journal_run VALUES ('cutOff', '16156.mx2d18ub.0orlwicp1w', '16237.mx2d18ut.0k89oz76yf', 6, 'running', 1795988252675, 1795988252708, 2048);


--
-- Data for Name: gemini_run_claim; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gemini_run_claim VALUES ('undecided', '', 1001795988252679);
INSERT INTO public.gemini_run_claim VALUES ('cutOff', '127.0.0.1:39227/nvlwlos7i', 1795988252691);


--
-- Data for Name: gemini_run_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gemini_run_migrations VALUES (1, '2026-11-29 21:37:29.825211+00', 'runs');


--
-- Data for Name: gemini_run_order; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: gemini_run_worker; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gemini_run_worker VALUES ('127.0.0.1:39227/nvlwlos7i', '127.0.0.1:39227', 'vm', 16237, 1795988250030, 1795988253101, 1, 2, 0);


--
-- Name: gemini_cluster_messages_rowid_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.gemini_cluster_messages_rowid_seq', 13, true);


--
-- Name: gemini_cluster_replies_rowid_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.gemini_cluster_replies_rowid_seq', 8, true);


--
-- Name: gemini_cluster_runners_machine_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.gemini_cluster_runners_machine_id_seq', 1, true);


--
-- Name: gemini_cluster_locks gemini_cluster_locks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_locks
    ADD CONSTRAINT gemini_cluster_locks_pkey PRIMARY KEY (shard_id);


--
-- Name: gemini_cluster_messages gemini_cluster_messages_message_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_messages
    ADD CONSTRAINT gemini_cluster_messages_message_id_key UNIQUE (message_id);


--
-- Name: gemini_cluster_messages gemini_cluster_messages_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_messages
    ADD CONSTRAINT gemini_cluster_messages_pkey PRIMARY KEY (id);


--
-- Name: gemini_cluster_migrations gemini_cluster_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_migrations
    ADD CONSTRAINT gemini_cluster_migrations_pkey PRIMARY KEY (migration_id);


--
-- Name: gemini_cluster_replies gemini_cluster_replies_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_replies
    ADD CONSTRAINT gemini_cluster_replies_pkey PRIMARY KEY (id);


--
-- Name: gemini_cluster_replies gemini_cluster_replies_request_id_kind_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_replies
    ADD CONSTRAINT gemini_cluster_replies_request_id_kind_key UNIQUE (request_id, kind);


--
-- Name: gemini_cluster_replies gemini_cluster_replies_request_id_sequence_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_replies
    ADD CONSTRAINT gemini_cluster_replies_request_id_sequence_key UNIQUE (request_id, sequence);


--
-- Name: gemini_cluster_runner_migrations gemini_cluster_runner_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_runner_migrations
    ADD CONSTRAINT gemini_cluster_runner_migrations_pkey PRIMARY KEY (migration_id);


--
-- Name: gemini_cluster_runners gemini_cluster_runners_address_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_runners
    ADD CONSTRAINT gemini_cluster_runners_address_key UNIQUE (address);


--
-- Name: gemini_cluster_runners gemini_cluster_runners_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_cluster_runners
    ADD CONSTRAINT gemini_cluster_runners_pkey PRIMARY KEY (machine_id);


--
-- Name: gemini_journal_blob gemini_journal_blob_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_journal_blob
    ADD CONSTRAINT gemini_journal_blob_pkey PRIMARY KEY (run_id, digest, part);


--
-- Name: gemini_journal_entry gemini_journal_entry_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_journal_entry
    ADD CONSTRAINT gemini_journal_entry_pkey PRIMARY KEY (run_id, seq);


--
-- Name: gemini_journal_migrations gemini_journal_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_journal_migrations
    ADD CONSTRAINT gemini_journal_migrations_pkey PRIMARY KEY (migration_id);


--
-- Name: gemini_journal_run gemini_journal_run_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_journal_run
    ADD CONSTRAINT gemini_journal_run_pkey PRIMARY KEY (id);


--
-- Name: gemini_run_claim gemini_run_claim_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_run_claim
    ADD CONSTRAINT gemini_run_claim_pkey PRIMARY KEY (run_id);


--
-- Name: gemini_run_migrations gemini_run_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_run_migrations
    ADD CONSTRAINT gemini_run_migrations_pkey PRIMARY KEY (migration_id);


--
-- Name: gemini_run_order gemini_run_order_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_run_order
    ADD CONSTRAINT gemini_run_order_pkey PRIMARY KEY (run_id, kind);


--
-- Name: gemini_run_worker gemini_run_worker_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gemini_run_worker
    ADD CONSTRAINT gemini_run_worker_pkey PRIMARY KEY (id);


--
-- Name: gemini_cluster_messages_request_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX gemini_cluster_messages_request_id_idx ON public.gemini_cluster_messages USING btree (request_id);


--
-- Name: gemini_cluster_messages_rowid_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX gemini_cluster_messages_rowid_idx ON public.gemini_cluster_messages USING btree (rowid);


--
-- Name: gemini_cluster_messages_shard_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX gemini_cluster_messages_shard_idx ON public.gemini_cluster_messages USING btree (shard_id, processed, last_read, deliver_at);


--
-- Name: gemini_cluster_replies_request_lookup_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX gemini_cluster_replies_request_lookup_idx ON public.gemini_cluster_replies USING btree (request_id, kind, acked);


--
-- PostgreSQL database dump complete
--


