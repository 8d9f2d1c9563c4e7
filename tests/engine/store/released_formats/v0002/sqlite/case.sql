PRAGMA foreign_keys=OFF;
PRAGMA application_id=1835885675;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE artifacts (
	id INTEGER NOT NULL, 
	sha256 TEXT NOT NULL, 
	media_type TEXT NOT NULL, 
	content_type TEXT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	path TEXT NOT NULL, 
	details TEXT, 
	feature_status TEXT NOT NULL, 
	feature_version TEXT, 
	feature_key TEXT, 
	feature_error TEXT, 
	segments TEXT, 
	incomplete BOOLEAN NOT NULL, 
	import_id INTEGER, 
	imported_us BIGINT NOT NULL, 
	deleted_us BIGINT, 
	CONSTRAINT pk_artifacts PRIMARY KEY (id), 
	CONSTRAINT fk_artifacts_import_id FOREIGN KEY(import_id) REFERENCES imports (id), 
	CONSTRAINT uq_artifacts_sha256 UNIQUE (sha256)
);
INSERT INTO "artifacts" VALUES(1,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','image','image/png',10,'artifacts_store/images/b',NULL,'pending',NULL,NULL,NULL,NULL,0,NULL,3,NULL);
INSERT INTO "artifacts" VALUES(2,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','image','image/png',10,'artifacts_store/images/a',NULL,'done',NULL,NULL,NULL,NULL,1,NULL,3,NULL);
INSERT INTO "artifacts" VALUES(3,'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','image','image/png',10,'artifacts_store/images/c',NULL,'failed',NULL,NULL,NULL,NULL,0,NULL,3,5);
CREATE TABLE attribute_columns (
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	CONSTRAINT pk_attribute_columns PRIMARY KEY (name)
);
INSERT INTO "attribute_columns" VALUES('age','number',0);
INSERT INTO "attribute_columns" VALUES('city','category',1);
INSERT INTO "attribute_columns" VALUES('known','boolean',2);
INSERT INTO "attribute_columns" VALUES('joined','time',3);
CREATE TABLE audit_head (
	id INTEGER NOT NULL, 
	length BIGINT NOT NULL, 
	hash TEXT NOT NULL, 
	CONSTRAINT pk_audit_head PRIMARY KEY (id)
);
INSERT INTO "audit_head" VALUES(1,3,'ded0de115c47db8a79ead586820806a4d2296cc2742b9acd52d35cc1852735c8');
CREATE TABLE audit_log (
	id INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	details TEXT NOT NULL, 
	prev TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	CONSTRAINT pk_audit_log PRIMARY KEY (id), 
	CONSTRAINT uq_audit_log_prev UNIQUE (prev)
);
INSERT INTO "audit_log" VALUES(1,'2026-11-26T12:09:39.843445Z','anna','case.create','b949682b70074baa8502dc9aa826f586','{"name":"Frozen"}','0000000000000000000000000000000000000000000000000000000000000000','19b5ce5ced8e77d11d27d6fe87c942ff517cef0791f4674e5b8fc50a34846ef3');
INSERT INTO "audit_log" VALUES(2,'2026-11-26T12:09:39.934784Z','anna','test.fill','rows','{}','19b5ce5ced8e77d11d27d6fe87c942ff517cef0791f4674e5b8fc50a34846ef3','8028301aee005ce2a308af09caaf38cb939fbbbba5ea1ca1b1c3f4b074a9fda7');
INSERT INTO "audit_log" VALUES(3,'2026-11-26T12:09:39.979239Z','anna','test.people','tags and notes','{"ä":["\u0001","quote \" and \\",1.5,null]}','8028301aee005ce2a308af09caaf38cb939fbbbba5ea1ca1b1c3f4b074a9fda7','ded0de115c47db8a79ead586820806a4d2296cc2742b9acd52d35cc1852735c8');
CREATE TABLE entities (
	id INTEGER NOT NULL, 
	entity_id TEXT NOT NULL, 
	attributes TEXT NOT NULL, 
	row_key BLOB NOT NULL, 
	import_id INTEGER, 
	line BIGINT, 
	deleted_us BIGINT, 
	superseded_by BIGINT, 
	CONSTRAINT pk_entities PRIMARY KEY (id), 
	CONSTRAINT fk_entities_import_id FOREIGN KEY(import_id) REFERENCES imports (id)
);
INSERT INTO "entities" VALUES(1,'b','{"city":"Bonn","other":1}',X'00000000000000000000000000000000',1,2,NULL,NULL);
INSERT INTO "entities" VALUES(2,'a','{"age":1.5,"city":null,"known":true,"joined":"2020-01-01T00:00:00Z"}',X'01010101010101010101010101010101',1,3,NULL,NULL);
INSERT INTO "entities" VALUES(3,'ä','{"city":"Bonn","other":1}',X'02020202020202020202020202020202',1,4,NULL,NULL);
INSERT INTO "entities" VALUES(4,'B','{"age":3.5,"city":null,"known":true,"joined":"2020-01-01T00:00:00Z"}',X'03030303030303030303030303030303',1,5,NULL,NULL);
INSERT INTO "entities" VALUES(5,'007','{"city":"Bonn","other":1}',X'04040404040404040404040404040404',1,6,NULL,NULL);
INSERT INTO "entities" VALUES(6,'💡','{"age":5.5,"city":null,"known":true,"joined":"2020-01-01T00:00:00Z"}',X'05050505050505050505050505050505',1,7,NULL,NULL);
INSERT INTO "entities" VALUES(7,'z','{"city":"Bonn","other":1}',X'06060606060606060606060606060606',1,8,6,NULL);
INSERT INTO "entities" VALUES(100,'b','{}',X'00000000000000000000000000000000',1,2,NULL,1);
CREATE TABLE entity_artifacts (
	id INTEGER NOT NULL, 
	entity_key INTEGER NOT NULL, 
	artifact_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	captured_us BIGINT, 
	import_id INTEGER, 
	line BIGINT, 
	deleted_us BIGINT, 
	superseded_by BIGINT, 
	CONSTRAINT pk_entity_artifacts PRIMARY KEY (id), 
	CONSTRAINT fk_entity_artifacts_artifact_id FOREIGN KEY(artifact_id) REFERENCES artifacts (id), 
	CONSTRAINT fk_entity_artifacts_entity_key FOREIGN KEY(entity_key) REFERENCES entities (id), 
	CONSTRAINT fk_entity_artifacts_import_id FOREIGN KEY(import_id) REFERENCES imports (id)
);
INSERT INTO "entity_artifacts" VALUES(1,2,1,'1.png',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "entity_artifacts" VALUES(2,2,2,'2.png',8,NULL,NULL,NULL,NULL);
INSERT INTO "entity_artifacts" VALUES(3,2,3,'3.png',8,NULL,NULL,NULL,NULL);
CREATE TABLE events (
	id INTEGER NOT NULL, 
	entity_key INTEGER NOT NULL, 
	event_type TEXT NOT NULL, 
	value FLOAT, 
	timestamp_us BIGINT NOT NULL, 
	event_id TEXT, 
	details TEXT, 
	row_key BLOB NOT NULL, 
	import_id INTEGER, 
	line BIGINT, 
	deleted_us BIGINT, 
	superseded_by BIGINT, 
	CONSTRAINT pk_events PRIMARY KEY (id), 
	CONSTRAINT fk_events_entity_key FOREIGN KEY(entity_key) REFERENCES entities (id), 
	CONSTRAINT fk_events_import_id FOREIGN KEY(import_id) REFERENCES imports (id)
);
INSERT INTO "events" VALUES(1,1,'pay',0.0,0,NULL,'{"note":"n0","place":"x"}',X'00000000000000000000000000000000',2,2,NULL,NULL);
INSERT INTO "events" VALUES(2,2,'call',3.33333333333333314829e-01,1000000,NULL,'{"note":"n1","place":"x"}',X'01010101010101010101010101010101',2,3,NULL,NULL);
INSERT INTO "events" VALUES(3,3,'pay',6.66666666666666629659e-01,2000000,NULL,NULL,X'02020202020202020202020202020202',2,4,NULL,NULL);
INSERT INTO "events" VALUES(4,1,'call',1.0,3000000,NULL,NULL,X'03030303030303030303030303030303',2,5,NULL,NULL);
INSERT INTO "events" VALUES(5,2,'pay',NULL,0,NULL,NULL,X'04040404040404040404040404040404',2,6,NULL,NULL);
INSERT INTO "events" VALUES(6,3,'call',1.66666666666666674068e+00,1000000,NULL,NULL,X'05050505050505050505050505050505',2,7,NULL,NULL);
INSERT INTO "events" VALUES(7,1,'pay',2.0,2000000,NULL,NULL,X'06060606060606060606060606060606',2,8,NULL,NULL);
INSERT INTO "events" VALUES(8,2,'call',2.33333333333333348136e+00,3000000,NULL,NULL,X'07070707070707070707070707070707',2,9,NULL,NULL);
INSERT INTO "events" VALUES(9,3,'pay',2.66666666666666651863e+00,0,NULL,NULL,X'08080808080808080808080808080808',2,10,NULL,NULL);
CREATE TABLE imports (
	id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	source TEXT NOT NULL, 
	sha256 TEXT, 
	recipe TEXT NOT NULL, 
	counts TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	imported_us BIGINT NOT NULL, 
	undone_us BIGINT, 
	CONSTRAINT pk_imports PRIMARY KEY (id)
);
INSERT INTO "imports" VALUES(1,'entities','entities.csv','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','{}','{}','tester',1,NULL);
INSERT INTO "imports" VALUES(2,'events','events.csv','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','{}','{}','tester',1,NULL);
CREATE TABLE interactions (
	id INTEGER NOT NULL, 
	source_key INTEGER NOT NULL, 
	target_key INTEGER NOT NULL, 
	interaction_type TEXT, 
	weight FLOAT, 
	timestamp_us BIGINT, 
	details TEXT, 
	row_key BLOB NOT NULL, 
	import_id INTEGER, 
	line BIGINT, 
	deleted_us BIGINT, 
	superseded_by BIGINT, 
	CONSTRAINT pk_interactions PRIMARY KEY (id), 
	CONSTRAINT fk_interactions_import_id FOREIGN KEY(import_id) REFERENCES imports (id), 
	CONSTRAINT fk_interactions_source_key FOREIGN KEY(source_key) REFERENCES entities (id), 
	CONSTRAINT fk_interactions_target_key FOREIGN KEY(target_key) REFERENCES entities (id)
);
INSERT INTO "interactions" VALUES(1,1,2,'knows',1.5,5,NULL,X'05050505050505050505050505050505',NULL,NULL,NULL,NULL);
INSERT INTO "interactions" VALUES(2,2,1,NULL,NULL,NULL,NULL,X'00000000000000000000000000000000',NULL,NULL,NULL,NULL);
INSERT INTO "interactions" VALUES(3,1,3,'pays',-2.0,7,NULL,X'07070707070707070707070707070707',NULL,NULL,NULL,NULL);
INSERT INTO "interactions" VALUES(4,1,2,'knows',1.5,4,NULL,X'04040404040404040404040404040404',NULL,NULL,NULL,NULL);
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('case_id','b949682b70074baa8502dc9aa826f586');
INSERT INTO "meta" VALUES('format_version','2');
CREATE TABLE model_runs (
	run_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	status TEXT NOT NULL, 
	config TEXT NOT NULL, 
	metrics TEXT, 
	data_sha256 TEXT NOT NULL, 
	feature_version TEXT NOT NULL, 
	model_sha256 TEXT, 
	error TEXT, 
	actor TEXT NOT NULL, 
	created_us BIGINT NOT NULL, 
	finished_us BIGINT, 
	deleted_us BIGINT, 
	CONSTRAINT pk_model_runs PRIMARY KEY (run_id)
);
INSERT INTO "model_runs" VALUES('rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr','first','done','{}',NULL,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','v',NULL,NULL,'tester',1,NULL,NULL);
CREATE TABLE notes (
	id INTEGER NOT NULL, 
	subject_kind TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	text TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	created_us BIGINT NOT NULL, 
	deleted_us BIGINT, 
	CONSTRAINT pk_notes PRIMARY KEY (id)
);
INSERT INTO "notes" VALUES(1,'entity','007','line one
line ''two'' <b>','anna',1,5);
CREATE TABLE predictions (
	id INTEGER NOT NULL, 
	run_id TEXT NOT NULL, 
	entity_key INTEGER NOT NULL, 
	as_of_us BIGINT, 
	regression FLOAT, 
	probability FLOAT, 
	ranking_score FLOAT, 
	embedding BLOB, 
	actor TEXT NOT NULL, 
	predicted_us BIGINT NOT NULL, 
	CONSTRAINT pk_predictions PRIMARY KEY (id), 
	CONSTRAINT fk_predictions_entity_key FOREIGN KEY(entity_key) REFERENCES entities (id), 
	CONSTRAINT fk_predictions_run_id FOREIGN KEY(run_id) REFERENCES model_runs (run_id)
);
INSERT INTO "predictions" VALUES(1,'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr',1,NULL,NULL,0.25,NULL,X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF','anna',4);
CREATE TABLE rejected_rows (
	id INTEGER NOT NULL, 
	import_id INTEGER NOT NULL, 
	line BIGINT NOT NULL, 
	"column" TEXT, 
	value TEXT, 
	rule TEXT NOT NULL, 
	"row" TEXT, 
	CONSTRAINT pk_rejected_rows PRIMARY KEY (id), 
	CONSTRAINT fk_rejected_rows_import_id FOREIGN KEY(import_id) REFERENCES imports (id)
);
INSERT INTO "rejected_rows" VALUES(1,1,9,'age','x','number','x,');
CREATE TABLE tags (
	id INTEGER NOT NULL, 
	subject_kind TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	tag TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	created_us BIGINT NOT NULL, 
	deleted_us BIGINT, 
	CONSTRAINT pk_tags PRIMARY KEY (id)
);
INSERT INTO "tags" VALUES(1,'entity','007','watch','anna',1,NULL);
CREATE TABLE targets (
	id INTEGER NOT NULL, 
	entity_key INTEGER NOT NULL, 
	as_of_us BIGINT, 
	y_reg FLOAT, 
	y_class FLOAT, 
	y_rank FLOAT, 
	rank_group TEXT, 
	split TEXT, 
	row_key BLOB NOT NULL, 
	import_id INTEGER, 
	line BIGINT, 
	deleted_us BIGINT, 
	superseded_by BIGINT, 
	CONSTRAINT pk_targets PRIMARY KEY (id), 
	CONSTRAINT fk_targets_entity_key FOREIGN KEY(entity_key) REFERENCES entities (id), 
	CONSTRAINT fk_targets_import_id FOREIGN KEY(import_id) REFERENCES imports (id)
);
INSERT INTO "targets" VALUES(1,1,9,1.5,1.0,NULL,NULL,'train',X'00000000000000000000000000000000',NULL,NULL,NULL,NULL);
INSERT INTO "targets" VALUES(2,2,NULL,NULL,0.0,3.0,'g','',X'00000000000000000000000000000000',NULL,NULL,NULL,NULL);
INSERT INTO "targets" VALUES(3,3,NULL,-2.5,NULL,NULL,NULL,NULL,X'00000000000000000000000000000000',NULL,NULL,NULL,NULL);
CREATE INDEX ix_rejected_rows_import_id ON rejected_rows (import_id);
CREATE INDEX ix_entities_import_id ON entities (import_id);
CREATE UNIQUE INDEX uq_entities_current ON entities (entity_id) WHERE deleted_us IS NULL AND superseded_by IS NULL;
CREATE INDEX ix_events_entity_key ON events (entity_key);
CREATE INDEX ix_events_import_id ON events (import_id);
CREATE INDEX ix_interactions_import_id ON interactions (import_id);
CREATE INDEX ix_interactions_source_key ON interactions (source_key);
CREATE INDEX ix_interactions_target_key ON interactions (target_key);
CREATE INDEX ix_targets_entity_key ON targets (entity_key);
CREATE INDEX ix_targets_import_id ON targets (import_id);
CREATE INDEX ix_artifacts_feature_status ON artifacts (feature_status);
CREATE INDEX ix_artifacts_import_id ON artifacts (import_id);
CREATE INDEX ix_entity_artifacts_artifact_id ON entity_artifacts (artifact_id);
CREATE INDEX ix_entity_artifacts_import_id ON entity_artifacts (import_id);
CREATE INDEX ix_entity_artifacts_pair ON entity_artifacts (entity_key, artifact_id);
CREATE INDEX ix_predictions_entity_key ON predictions (entity_key);
CREATE INDEX ix_predictions_run_entity ON predictions (run_id, entity_key);
CREATE INDEX ix_tags_subject ON tags (subject_kind, subject);
CREATE INDEX ix_notes_subject ON notes (subject_kind, subject);
COMMIT;
