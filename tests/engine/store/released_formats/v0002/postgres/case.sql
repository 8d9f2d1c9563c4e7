SET LOCAL check_function_bodies = off;
CREATE SCHEMA mm_b47b6848311c412dba18912a74cb0d98;
CREATE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_append(said_actor text, said_action text, said_subject text, said_details text) RETURNS TABLE(length bigint, hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'mm_b47b6848311c412dba18912a74cb0d98', 'pg_temp'
    AS $$
DECLARE
  head audit_head%ROWTYPE;
  entry audit_log%ROWTYPE;
BEGIN
  SELECT * INTO STRICT head FROM audit_head WHERE audit_head.id = 1 FOR UPDATE;
  entry.id := head.length + 1;
  entry.at := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
  entry.actor := said_actor;
  IF said_actor <> session_user THEN
    entry.actor := said_actor || ' (database role ' || session_user || ')';
  END IF;
  entry.action := said_action;
  entry.subject := said_subject;
  entry.details := said_details;
  entry.prev := head.hash;
  entry.hash := encode(sha256(convert_to(
    '[' || to_json(entry.id::text) || ',' || to_json(entry.at) || ',' || to_json(entry.actor)
    || ',' || to_json(entry.action) || ',' || to_json(entry.subject) || ',' || to_json(entry.details)
    || ',' || to_json(entry.prev) || ']', 'UTF8')), 'hex');
  INSERT INTO audit_log VALUES (entry.*);
  UPDATE audit_head SET length = entry.id, hash = entry.hash WHERE audit_head.id = 1;
  RETURN QUERY SELECT entry.id, entry.hash;
END
$$;
CREATE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_closed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'mm_b47b6848311c412dba18912a74cb0d98', 'pg_temp'
    AS $$
BEGIN
  PERFORM FROM audit_head JOIN audit_log ON audit_log.id = audit_head.length
  WHERE audit_head.id = 1 AND audit_log.xmin = pg_current_xact_id()::xid;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the change has no entry in the audit log of the case' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END
$$;
CREATE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'mm_b47b6848311c412dba18912a74cb0d98', 'pg_temp'
    AS $$
BEGIN
  PERFORM FROM audit_head WHERE id = 1 AND xmin = pg_current_xact_id()::xid;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'rows of a case change only together with an entry in its audit log'
      USING ERRCODE = 'insufficient_privilege', HINT = 'Change the case with mmdesk.';
  END IF;
  RETURN NULL;
END
$$;
CREATE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_lock() RETURNS TABLE(length bigint, hash text)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'mm_b47b6848311c412dba18912a74cb0d98', 'pg_temp'
    AS $$
  UPDATE audit_head SET length = audit_head.length WHERE id = 1 RETURNING audit_head.length, audit_head.hash
$$;
CREATE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_owner() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
    RAISE EXCEPTION 'the audit log of a case can only be appended to' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END
$$;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.artifacts (
    id bigint NOT NULL,
    sha256 text NOT NULL,
    media_type text NOT NULL,
    content_type text NOT NULL,
    size_bytes bigint NOT NULL,
    path text NOT NULL,
    details text,
    feature_status text NOT NULL,
    feature_version text,
    feature_key text,
    feature_error text,
    segments text,
    incomplete boolean NOT NULL,
    import_id bigint,
    imported_us bigint NOT NULL,
    deleted_us bigint
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.artifacts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.artifacts_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.artifacts.id;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.attribute_columns (
    name text NOT NULL,
    kind text NOT NULL,
    "position" integer NOT NULL
);
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.audit_head (
    id integer NOT NULL,
    length bigint NOT NULL,
    hash text NOT NULL
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.audit_head_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.audit_head_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.audit_head.id;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.audit_log (
    id bigint NOT NULL,
    at text NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    details text NOT NULL,
    prev text NOT NULL,
    hash text NOT NULL
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.audit_log_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.audit_log.id;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.entities (
    id bigint NOT NULL,
    entity_id text NOT NULL,
    attributes text NOT NULL,
    row_key bytea NOT NULL,
    import_id bigint,
    line bigint,
    deleted_us bigint,
    superseded_by bigint
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.entities_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.entities_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.entities.id;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts (
    id bigint NOT NULL,
    entity_key bigint NOT NULL,
    artifact_id bigint NOT NULL,
    name text NOT NULL,
    captured_us bigint,
    import_id bigint,
    line bigint,
    deleted_us bigint,
    superseded_by bigint
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts.id;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.events (
    id bigint NOT NULL,
    entity_key bigint NOT NULL,
    event_type text NOT NULL,
    value double precision,
    timestamp_us bigint NOT NULL,
    event_id text,
    details text,
    row_key bytea NOT NULL,
    import_id bigint,
    line bigint,
    deleted_us bigint,
    superseded_by bigint
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.events_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.events.id;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.imports (
    id bigint NOT NULL,
    kind text NOT NULL,
    source text NOT NULL,
    sha256 text,
    recipe text NOT NULL,
    counts text NOT NULL,
    actor text NOT NULL,
    imported_us bigint NOT NULL,
    undone_us bigint
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.imports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.imports_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.imports.id;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.interactions (
    id bigint NOT NULL,
    source_key bigint NOT NULL,
    target_key bigint NOT NULL,
    interaction_type text,
    weight double precision,
    timestamp_us bigint,
    details text,
    row_key bytea NOT NULL,
    import_id bigint,
    line bigint,
    deleted_us bigint,
    superseded_by bigint
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.interactions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.interactions_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.interactions.id;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.meta (
    key text NOT NULL,
    value text NOT NULL
);
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.model_runs (
    run_id text NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    config text NOT NULL,
    metrics text,
    data_sha256 text NOT NULL,
    feature_version text NOT NULL,
    model_sha256 text,
    error text,
    actor text NOT NULL,
    created_us bigint NOT NULL,
    finished_us bigint,
    deleted_us bigint
);
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.notes (
    id bigint NOT NULL,
    subject_kind text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    actor text NOT NULL,
    created_us bigint NOT NULL,
    deleted_us bigint
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.notes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.notes_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.notes.id;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.predictions (
    id bigint NOT NULL,
    run_id text NOT NULL,
    entity_key bigint NOT NULL,
    as_of_us bigint,
    regression double precision,
    probability double precision,
    ranking_score double precision,
    embedding bytea,
    actor text NOT NULL,
    predicted_us bigint NOT NULL
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.predictions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.predictions_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.predictions.id;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.rejected_rows (
    id bigint NOT NULL,
    import_id bigint NOT NULL,
    line bigint NOT NULL,
    "column" text,
    value text,
    rule text NOT NULL,
    "row" text
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.rejected_rows_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.rejected_rows_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.rejected_rows.id;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.tags (
    id bigint NOT NULL,
    subject_kind text NOT NULL,
    subject text NOT NULL,
    tag text NOT NULL,
    actor text NOT NULL,
    created_us bigint NOT NULL,
    deleted_us bigint
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.tags_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.tags_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.tags.id;
CREATE TABLE mm_b47b6848311c412dba18912a74cb0d98.targets (
    id bigint NOT NULL,
    entity_key bigint NOT NULL,
    as_of_us bigint,
    y_reg double precision,
    y_class double precision,
    y_rank double precision,
    rank_group text,
    split text,
    row_key bytea NOT NULL,
    import_id bigint,
    line bigint,
    deleted_us bigint,
    superseded_by bigint
);
CREATE SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.targets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mm_b47b6848311c412dba18912a74cb0d98.targets_id_seq OWNED BY mm_b47b6848311c412dba18912a74cb0d98.targets.id;
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.artifacts ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.artifacts_id_seq'::regclass);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.audit_head ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.audit_head_id_seq'::regclass);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.audit_log ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.audit_log_id_seq'::regclass);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.entities ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.entities_id_seq'::regclass);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts_id_seq'::regclass);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.events ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.events_id_seq'::regclass);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.imports ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.imports_id_seq'::regclass);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.interactions ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.interactions_id_seq'::regclass);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.notes ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.notes_id_seq'::regclass);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.predictions ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.predictions_id_seq'::regclass);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.rejected_rows ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.rejected_rows_id_seq'::regclass);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.tags ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.tags_id_seq'::regclass);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.targets ALTER COLUMN id SET DEFAULT nextval('mm_b47b6848311c412dba18912a74cb0d98.targets_id_seq'::regclass);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.alembic_version VALUES ('0002');
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.artifacts VALUES (1, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'image', 'image/png', 10, 'artifacts_store/images/b', NULL, 'pending', NULL, NULL, NULL, NULL, false, NULL, 3, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.artifacts VALUES (2, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'image', 'image/png', 10, 'artifacts_store/images/a', NULL, 'done', NULL, NULL, NULL, NULL, true, NULL, 3, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.artifacts VALUES (3, 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 'image', 'image/png', 10, 'artifacts_store/images/c', NULL, 'failed', NULL, NULL, NULL, NULL, false, NULL, 3, 5);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.attribute_columns VALUES ('age', 'number', 0);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.attribute_columns VALUES ('city', 'category', 1);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.attribute_columns VALUES ('known', 'boolean', 2);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.attribute_columns VALUES ('joined', 'time', 3);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.audit_head VALUES (1, 3, '72a042dda0f13b19f853a5d6126b257a387c1013fbcf7463aa7e8db64827300b');
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.audit_log VALUES (1, '2026-11-26T12:09:43.706039Z', 'anna (database role postgres)', 'case.create', 'b47b6848311c412dba18912a74cb0d98', '{"name":"Frozen"}', '0000000000000000000000000000000000000000000000000000000000000000', '639e53c229520031c4a7c75b299c64648bed5c3083fc852084a9a035321295c0');
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.audit_log VALUES (2, '2026-11-26T12:09:43.829434Z', 'anna (database role postgres)', 'test.fill', 'rows', '{}', '639e53c229520031c4a7c75b299c64648bed5c3083fc852084a9a035321295c0', '08a96f68b9be10bf68847f87369bbe8ddfc4aac66721eb8747a6187a7b475458');
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.audit_log VALUES (3, '2026-11-26T12:09:43.896860Z', 'anna (database role postgres)', 'test.people', 'tags and notes', '{"ä":["\u0001","quote \" and \\",1.5,null]}', '08a96f68b9be10bf68847f87369bbe8ddfc4aac66721eb8747a6187a7b475458', '72a042dda0f13b19f853a5d6126b257a387c1013fbcf7463aa7e8db64827300b');
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.entities VALUES (1, 'b', '{"city":"Bonn","other":1}', '\x00000000000000000000000000000000', 1, 2, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.entities VALUES (2, 'a', '{"age":1.5,"city":null,"known":true,"joined":"2020-01-01T00:00:00Z"}', '\x01010101010101010101010101010101', 1, 3, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.entities VALUES (3, 'ä', '{"city":"Bonn","other":1}', '\x02020202020202020202020202020202', 1, 4, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.entities VALUES (4, 'B', '{"age":3.5,"city":null,"known":true,"joined":"2020-01-01T00:00:00Z"}', '\x03030303030303030303030303030303', 1, 5, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.entities VALUES (5, '007', '{"city":"Bonn","other":1}', '\x04040404040404040404040404040404', 1, 6, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.entities VALUES (6, '💡', '{"age":5.5,"city":null,"known":true,"joined":"2020-01-01T00:00:00Z"}', '\x05050505050505050505050505050505', 1, 7, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.entities VALUES (100, 'b', '{}', '\x00000000000000000000000000000000', 1, 2, NULL, 1);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.entities VALUES (7, 'z', '{"city":"Bonn","other":1}', '\x06060606060606060606060606060606', 1, 8, 6, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts VALUES (1, 2, 1, '1.png', NULL, NULL, NULL, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts VALUES (2, 2, 2, '2.png', 8, NULL, NULL, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts VALUES (3, 2, 3, '3.png', 8, NULL, NULL, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.events VALUES (1, 1, 'pay', 0, 0, NULL, '{"note":"n0","place":"x"}', '\x00000000000000000000000000000000', 2, 2, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.events VALUES (2, 2, 'call', 0.3333333333333333, 1000000, NULL, '{"note":"n1","place":"x"}', '\x01010101010101010101010101010101', 2, 3, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.events VALUES (3, 3, 'pay', 0.6666666666666666, 2000000, NULL, NULL, '\x02020202020202020202020202020202', 2, 4, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.events VALUES (4, 1, 'call', 1, 3000000, NULL, NULL, '\x03030303030303030303030303030303', 2, 5, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.events VALUES (5, 2, 'pay', NULL, 0, NULL, NULL, '\x04040404040404040404040404040404', 2, 6, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.events VALUES (6, 3, 'call', 1.6666666666666667, 1000000, NULL, NULL, '\x05050505050505050505050505050505', 2, 7, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.events VALUES (7, 1, 'pay', 2, 2000000, NULL, NULL, '\x06060606060606060606060606060606', 2, 8, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.events VALUES (8, 2, 'call', 2.3333333333333335, 3000000, NULL, NULL, '\x07070707070707070707070707070707', 2, 9, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.events VALUES (9, 3, 'pay', 2.6666666666666665, 0, NULL, NULL, '\x08080808080808080808080808080808', 2, 10, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.imports VALUES (1, 'entities', 'entities.csv', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', '{}', '{}', 'tester', 1, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.imports VALUES (2, 'events', 'events.csv', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', '{}', '{}', 'tester', 1, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.interactions VALUES (1, 1, 2, 'knows', 1.5, 5, NULL, '\x05050505050505050505050505050505', NULL, NULL, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.interactions VALUES (2, 2, 1, NULL, NULL, NULL, NULL, '\x00000000000000000000000000000000', NULL, NULL, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.interactions VALUES (3, 1, 3, 'pays', -2, 7, NULL, '\x07070707070707070707070707070707', NULL, NULL, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.interactions VALUES (4, 1, 2, 'knows', 1.5, 4, NULL, '\x04040404040404040404040404040404', NULL, NULL, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.meta VALUES ('case_id', 'b47b6848311c412dba18912a74cb0d98');
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.meta VALUES ('format_version', '2');
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.model_runs VALUES ('rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr', 'first', 'done', '{}', NULL, 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 'v', NULL, NULL, 'tester', 1, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.notes VALUES (1, 'entity', '007', 'line one
line ''two'' <b>', 'anna', 1, 5);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.predictions VALUES (1, 'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr', 1, NULL, NULL, 0.25, NULL, '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', 'anna', 4);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.rejected_rows VALUES (1, 1, 9, 'age', 'x', 'number', 'x,');
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.tags VALUES (1, 'entity', '007', 'watch', 'anna', 1, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.targets VALUES (1, 1, 9, 1.5, 1, NULL, NULL, 'train', '\x00000000000000000000000000000000', NULL, NULL, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.targets VALUES (2, 2, NULL, NULL, 0, 3, 'g', '', '\x00000000000000000000000000000000', NULL, NULL, NULL, NULL);
INSERT INTO mm_b47b6848311c412dba18912a74cb0d98.targets VALUES (3, 3, NULL, -2.5, NULL, NULL, NULL, NULL, '\x00000000000000000000000000000000', NULL, NULL, NULL, NULL);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.artifacts_id_seq', 1, false);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.audit_head_id_seq', 1, false);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.audit_log_id_seq', 1, false);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.entities_id_seq', 1, false);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts_id_seq', 3, true);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.events_id_seq', 9, true);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.imports_id_seq', 1, false);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.interactions_id_seq', 4, true);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.notes_id_seq', 1, true);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.predictions_id_seq', 1, true);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.rejected_rows_id_seq', 1, true);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.tags_id_seq', 1, true);
SELECT pg_catalog.setval('mm_b47b6848311c412dba18912a74cb0d98.targets_id_seq', 3, true);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.artifacts
    ADD CONSTRAINT pk_artifacts PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.attribute_columns
    ADD CONSTRAINT pk_attribute_columns PRIMARY KEY (name);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.audit_head
    ADD CONSTRAINT pk_audit_head PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.audit_log
    ADD CONSTRAINT pk_audit_log PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.entities
    ADD CONSTRAINT pk_entities PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts
    ADD CONSTRAINT pk_entity_artifacts PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.events
    ADD CONSTRAINT pk_events PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.imports
    ADD CONSTRAINT pk_imports PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.interactions
    ADD CONSTRAINT pk_interactions PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.meta
    ADD CONSTRAINT pk_meta PRIMARY KEY (key);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.model_runs
    ADD CONSTRAINT pk_model_runs PRIMARY KEY (run_id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.notes
    ADD CONSTRAINT pk_notes PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.predictions
    ADD CONSTRAINT pk_predictions PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.rejected_rows
    ADD CONSTRAINT pk_rejected_rows PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.tags
    ADD CONSTRAINT pk_tags PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.targets
    ADD CONSTRAINT pk_targets PRIMARY KEY (id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.artifacts
    ADD CONSTRAINT uq_artifacts_sha256 UNIQUE (sha256);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.audit_log
    ADD CONSTRAINT uq_audit_log_prev UNIQUE (prev);
CREATE INDEX ix_artifacts_feature_status ON mm_b47b6848311c412dba18912a74cb0d98.artifacts USING btree (feature_status);
CREATE INDEX ix_artifacts_import_id ON mm_b47b6848311c412dba18912a74cb0d98.artifacts USING btree (import_id);
CREATE INDEX ix_entities_import_id ON mm_b47b6848311c412dba18912a74cb0d98.entities USING btree (import_id);
CREATE INDEX ix_entity_artifacts_artifact_id ON mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts USING btree (artifact_id);
CREATE INDEX ix_entity_artifacts_import_id ON mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts USING btree (import_id);
CREATE INDEX ix_entity_artifacts_pair ON mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts USING btree (entity_key, artifact_id);
CREATE INDEX ix_events_entity_key ON mm_b47b6848311c412dba18912a74cb0d98.events USING btree (entity_key);
CREATE INDEX ix_events_import_id ON mm_b47b6848311c412dba18912a74cb0d98.events USING btree (import_id);
CREATE INDEX ix_interactions_import_id ON mm_b47b6848311c412dba18912a74cb0d98.interactions USING btree (import_id);
CREATE INDEX ix_interactions_source_key ON mm_b47b6848311c412dba18912a74cb0d98.interactions USING btree (source_key);
CREATE INDEX ix_interactions_target_key ON mm_b47b6848311c412dba18912a74cb0d98.interactions USING btree (target_key);
CREATE INDEX ix_notes_subject ON mm_b47b6848311c412dba18912a74cb0d98.notes USING btree (subject_kind, subject);
CREATE INDEX ix_predictions_entity_key ON mm_b47b6848311c412dba18912a74cb0d98.predictions USING btree (entity_key);
CREATE INDEX ix_predictions_run_entity ON mm_b47b6848311c412dba18912a74cb0d98.predictions USING btree (run_id, entity_key);
CREATE INDEX ix_rejected_rows_import_id ON mm_b47b6848311c412dba18912a74cb0d98.rejected_rows USING btree (import_id);
CREATE INDEX ix_tags_subject ON mm_b47b6848311c412dba18912a74cb0d98.tags USING btree (subject_kind, subject);
CREATE INDEX ix_targets_entity_key ON mm_b47b6848311c412dba18912a74cb0d98.targets USING btree (entity_key);
CREATE INDEX ix_targets_import_id ON mm_b47b6848311c412dba18912a74cb0d98.targets USING btree (import_id);
CREATE UNIQUE INDEX uq_entities_current ON mm_b47b6848311c412dba18912a74cb0d98.entities USING btree (entity_id) WHERE ((deleted_us IS NULL) AND (superseded_by IS NULL));
CREATE CONSTRAINT TRIGGER audit_closed AFTER UPDATE ON mm_b47b6848311c412dba18912a74cb0d98.audit_head DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_closed();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.artifacts FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.attribute_columns FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.entities FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.events FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.imports FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.interactions FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.meta FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.model_runs FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.notes FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.predictions FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.rejected_rows FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.tags FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_guard BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.targets FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_guard();
CREATE TRIGGER audit_owner BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.audit_head FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_owner();
CREATE TRIGGER audit_owner BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON mm_b47b6848311c412dba18912a74cb0d98.audit_log FOR EACH STATEMENT EXECUTE FUNCTION mm_b47b6848311c412dba18912a74cb0d98.audit_owner();
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.artifacts
    ADD CONSTRAINT fk_artifacts_import_id FOREIGN KEY (import_id) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.imports(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.entities
    ADD CONSTRAINT fk_entities_import_id FOREIGN KEY (import_id) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.imports(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts
    ADD CONSTRAINT fk_entity_artifacts_artifact_id FOREIGN KEY (artifact_id) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.artifacts(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts
    ADD CONSTRAINT fk_entity_artifacts_entity_key FOREIGN KEY (entity_key) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.entities(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.entity_artifacts
    ADD CONSTRAINT fk_entity_artifacts_import_id FOREIGN KEY (import_id) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.imports(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.events
    ADD CONSTRAINT fk_events_entity_key FOREIGN KEY (entity_key) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.entities(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.events
    ADD CONSTRAINT fk_events_import_id FOREIGN KEY (import_id) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.imports(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.interactions
    ADD CONSTRAINT fk_interactions_import_id FOREIGN KEY (import_id) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.imports(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.interactions
    ADD CONSTRAINT fk_interactions_source_key FOREIGN KEY (source_key) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.entities(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.interactions
    ADD CONSTRAINT fk_interactions_target_key FOREIGN KEY (target_key) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.entities(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.predictions
    ADD CONSTRAINT fk_predictions_entity_key FOREIGN KEY (entity_key) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.entities(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.predictions
    ADD CONSTRAINT fk_predictions_run_id FOREIGN KEY (run_id) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.model_runs(run_id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.rejected_rows
    ADD CONSTRAINT fk_rejected_rows_import_id FOREIGN KEY (import_id) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.imports(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.targets
    ADD CONSTRAINT fk_targets_entity_key FOREIGN KEY (entity_key) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.entities(id);
ALTER TABLE ONLY mm_b47b6848311c412dba18912a74cb0d98.targets
    ADD CONSTRAINT fk_targets_import_id FOREIGN KEY (import_id) REFERENCES mm_b47b6848311c412dba18912a74cb0d98.imports(id);
