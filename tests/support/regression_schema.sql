-- The schema of a shop with tenants, as it might have grown over the years: what real applications hang on their tables
-- and between them. Every ordinary table of it is rebuilt without a change and must come out as it was. Run as superuser.

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['shop_owner', 'shop_app', 'shop_reader', 'shop_auditor', 'shop_admin'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    END IF;
  END LOOP;
END $$;
GRANT shop_app, shop_auditor TO shop_owner;
GRANT shop_reader TO shop_app;

CREATE SCHEMA core AUTHORIZATION shop_owner;
CREATE SCHEMA catalog AUTHORIZATION shop_owner;
CREATE SCHEMA sales AUTHORIZATION shop_owner;
CREATE SCHEMA audit AUTHORIZATION shop_owner;
CREATE SCHEMA metrics AUTHORIZATION shop_owner;
CREATE SCHEMA jobs AUTHORIZATION shop_owner;
CREATE SCHEMA reports AUTHORIZATION shop_owner;
CREATE SCHEMA "Legacy Data" AUTHORIZATION shop_owner;
GRANT USAGE ON SCHEMA core, catalog, sales, reports TO shop_app, shop_reader;
GRANT USAGE ON SCHEMA audit TO shop_auditor;
GRANT CREATE ON SCHEMA reports TO shop_app;

SET ROLE shop_owner;

-- Types and functions that tables and their dependents use.
CREATE TYPE core.status AS ENUM ('active', 'suspended', 'closed');
CREATE TYPE sales.order_state AS ENUM ('cart', 'placed', 'paid', 'shipped', 'returned', 'cancelled');
CREATE TYPE sales.address AS (street text, zip text, city text, country char(2));
CREATE TYPE catalog.dimension AS (width numeric, height numeric, depth numeric);
CREATE TYPE catalog.price_range AS RANGE (subtype = numeric, multirange_type_name = catalog.price_ranges);
CREATE DOMAIN core.email AS text CHECK (VALUE ~ '^[^@]+@[^@]+$');
CREATE DOMAIN core.positive AS int CHECK (VALUE > 0);
CREATE DOMAIN sales.money_amount AS numeric CHECK (VALUE >= 0) DEFAULT 0;
CREATE DOMAIN core.tags AS text[] CHECK (cardinality(VALUE) < 50);
CREATE COLLATION core.sorted (provider = libc, locale = 'C');
CREATE SEQUENCE core.global_id START 1000 INCREMENT 10 CACHE 5;
CREATE SEQUENCE sales.invoice_numbers AS bigint START 20240001;

CREATE FUNCTION core.normal(text) RETURNS text IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql AS 'SELECT lower(btrim($1))';
CREATE FUNCTION core.current_tenant() RETURNS int STABLE LANGUAGE sql AS
  'SELECT nullif(current_setting(''shop.tenant'', true), '''')::int';
CREATE FUNCTION core.touch() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END';
CREATE FUNCTION core.no_key_change() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN RAISE EXCEPTION ''%: the key of % must not change'', tg_name, tg_relid::regclass; END';
CREATE FUNCTION core.bump_version() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW.version := OLD.version + 1; RETURN NEW; END';

-- core: tenants, users, rights.
CREATE TABLE core.tenants (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL COLLATE core.sorted,
  status core.status NOT NULL DEFAULT 'active',
  parent int REFERENCES core.tenants ON DELETE SET NULL,
  settings jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz,
  CONSTRAINT tenants_name_once UNIQUE (name),
  CONSTRAINT not_its_own_parent CHECK (parent <> id)
);
CREATE INDEX tenants_settings ON core.tenants USING gin (settings jsonb_path_ops);
CREATE INDEX tenants_active ON core.tenants (name) WHERE status = 'active';
CREATE TRIGGER touch BEFORE UPDATE ON core.tenants FOR EACH ROW EXECUTE FUNCTION core.touch();

CREATE TABLE core.users (
  id bigint PRIMARY KEY DEFAULT nextval('core.global_id'),
  tenant int NOT NULL REFERENCES core.tenants ON DELETE CASCADE,
  mail core.email NOT NULL,
  name text,
  password_hash bytea,
  status core.status NOT NULL DEFAULT 'active',
  roles core.tags NOT NULL DEFAULT '{}',
  last_seen timestamptz DEFAULT '-infinity',
  search tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(name, ''))) STORED,
  version int NOT NULL DEFAULT 1,
  UNIQUE (tenant, id),
  CONSTRAINT mail_once UNIQUE (tenant, mail) DEFERRABLE INITIALLY DEFERRED
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE UNIQUE INDEX users_mail ON core.users (tenant, core.normal(mail)) INCLUDE (status);
CREATE INDEX users_search ON core.users USING gin (search) WITH (fastupdate = off);
CREATE INDEX users_last_seen ON core.users USING brin (last_seen) WITH (pages_per_range = 16, autosummarize = on);
ALTER TABLE core.users ALTER COLUMN mail SET STATISTICS 500, ALTER COLUMN tenant SET (n_distinct = 200),
  ALTER COLUMN password_hash SET STORAGE EXTERNAL, CLUSTER ON users_mail, REPLICA IDENTITY USING INDEX users_tenant_id_key;
CREATE STATISTICS core.users_tenant_status ON tenant, status FROM core.users;
CREATE TRIGGER bump BEFORE UPDATE ON core.users FOR EACH ROW WHEN (OLD.mail <> NEW.mail OR OLD.roles <> NEW.roles) EXECUTE FUNCTION core.bump_version();
CREATE TRIGGER keep_key BEFORE UPDATE OF id, tenant ON core.users FOR EACH ROW
  WHEN (OLD.id <> NEW.id OR OLD.tenant <> NEW.tenant) EXECUTE FUNCTION core.no_key_change();
CREATE POLICY own_tenant ON core.users USING (tenant = core.current_tenant());
CREATE POLICY auditors ON core.users FOR SELECT TO shop_auditor USING (true);
CREATE POLICY not_closed ON core.users AS RESTRICTIVE FOR UPDATE TO shop_app USING (status <> 'closed') WITH CHECK (roles IS NOT NULL);
ALTER TABLE core.users ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE core.users IS 'People who log in; others are in sales.customers';
COMMENT ON COLUMN core.users.last_seen IS 'it''s -infinity for "never"';
COMMENT ON POLICY own_tenant ON core.users IS 'one tenant does not see another';
COMMENT ON CONSTRAINT mail_once ON core.users IS 'mails may be swapped in a transaction';
GRANT SELECT (id, tenant, name, status), UPDATE (name, last_seen) ON core.users TO shop_app;
GRANT SELECT ON core.users TO shop_auditor WITH GRANT OPTION;

CREATE TABLE core.sessions (
  token uuid PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES core.users ON DELETE CASCADE,
  address inet,
  started timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  valid tstzrange NOT NULL DEFAULT tstzrange(now(), now() + interval '1 day'),
  CONSTRAINT one_at_a_time EXCLUDE USING gist (valid WITH &&, address inet_ops WITH =)
);
CREATE INDEX ON core.sessions (user_id);
CREATE INDEX ON core.sessions USING hash (address);

CREATE TABLE core.groups (
  tenant int NOT NULL REFERENCES core.tenants,
  id smallint NOT NULL,
  name varchar(40) NOT NULL DEFAULT 'group',
  PRIMARY KEY (tenant, id)
);
CREATE TABLE core.members (
  tenant int NOT NULL,
  group_id smallint NOT NULL,
  user_id bigint NOT NULL,
  since date DEFAULT CURRENT_DATE,
  PRIMARY KEY (user_id, tenant, group_id),
  FOREIGN KEY (tenant, group_id) REFERENCES core.groups ON UPDATE CASCADE ON DELETE CASCADE,
  FOREIGN KEY (tenant, user_id) REFERENCES core.users (tenant, id) MATCH FULL ON DELETE RESTRICT DEFERRABLE
);
CREATE INDEX members_of_group ON core.members (tenant, group_id) INCLUDE (since);
CREATE POLICY through_users ON core.members USING (EXISTS (SELECT FROM core.users u WHERE u.id = user_id AND u.status = 'active'));
ALTER TABLE core.members ENABLE ROW LEVEL SECURITY;
CREATE TABLE core.permissions (
  name text PRIMARY KEY CHECK (name = core.normal(name)),
  description text COMPRESSION pglz
);
CREATE TABLE core.group_permissions (
  tenant int,
  group_id smallint,
  permission text REFERENCES core.permissions ON UPDATE CASCADE,
  granted_by bigint REFERENCES core.users ON DELETE SET NULL,
  PRIMARY KEY (tenant, group_id, permission),
  FOREIGN KEY (tenant, group_id) REFERENCES core.groups
);
CREATE TABLE core.settings (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  maintenance boolean NOT NULL DEFAULT false,
  banner text,
  "limit" int DEFAULT 100
);
CREATE RULE never_delete AS ON DELETE TO core.settings DO INSTEAD NOTHING;
CREATE RULE never_two AS ON INSERT TO core.settings WHERE EXISTS (SELECT FROM core.settings) DO INSTEAD NOTHING;
COMMENT ON RULE never_delete ON core.settings IS 'there is always one';

-- catalog: what is sold.
CREATE TABLE catalog.categories (
  id serial PRIMARY KEY,
  parent int REFERENCES catalog.categories DEFERRABLE INITIALLY DEFERRED,
  name text NOT NULL,
  path text,
  depth int NOT NULL DEFAULT 0 CHECK (depth BETWEEN 0 AND 20),
  UNIQUE (parent, name)
);
CREATE FUNCTION catalog.set_path() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT c.path || '/' || NEW.name, c.depth + 1 INTO NEW.path, NEW.depth FROM catalog.categories c WHERE c.id = NEW.parent;
  RETURN NEW;
END $$;
CREATE TRIGGER a_path BEFORE INSERT OR UPDATE OF parent, name ON catalog.categories FOR EACH ROW EXECUTE FUNCTION catalog.set_path();
CREATE INDEX categories_path ON catalog.categories (path text_pattern_ops);
CREATE TABLE catalog.brands (
  id int GENERATED BY DEFAULT AS IDENTITY (START WITH 100 INCREMENT BY 5 CYCLE MAXVALUE 100000) PRIMARY KEY,
  name text NOT NULL UNIQUE,
  homepage text,
  logo bytea
);
ALTER TABLE catalog.brands ALTER COLUMN logo SET STORAGE EXTERNAL;
CREATE TABLE catalog.products (
  id bigserial PRIMARY KEY,
  sku varchar(32) NOT NULL,
  category int NOT NULL REFERENCES catalog.categories,
  brand int REFERENCES catalog.brands ON DELETE SET DEFAULT,
  name text NOT NULL,
  description text,
  size catalog.dimension,
  attributes jsonb DEFAULT '{"color": null}',
  tags text[] DEFAULT ARRAY['new']::text[],
  price numeric(12, 2) NOT NULL DEFAULT 0.00,
  tax numeric(4, 3) DEFAULT 0.19,
  gross numeric GENERATED ALWAYS AS (round(price * (1 + tax), 2)) STORED,
  old_code text,
  available daterange,
  updated_at timestamptz,
  CONSTRAINT sku_once UNIQUE (sku) WITH (fillfactor = 70),
  CONSTRAINT price_makes_sense CHECK (price >= 0 AND price < 1e8),
  CONSTRAINT has_a_name CHECK (name <> '') NO INHERIT
) WITH (toast.autovacuum_enabled = off, toast_tuple_target = 1024);
ALTER TABLE catalog.products DROP COLUMN old_code;
ALTER TABLE catalog.products ADD COLUMN weight real DEFAULT 1, ADD COLUMN hidden boolean NOT NULL DEFAULT false;
ALTER TABLE catalog.products ADD CONSTRAINT heavy_enough CHECK (weight > 0.001) NOT VALID;
CREATE INDEX products_attributes ON catalog.products USING gin (attributes, tags);
CREATE INDEX products_visible ON catalog.products (category, price DESC NULLS LAST) INCLUDE (name) WHERE NOT hidden;
CREATE INDEX products_words ON catalog.products USING gin (to_tsvector('english', name || ' ' || coalesce(description, '')));
CREATE INDEX products_available ON catalog.products USING gist (available);
CREATE INDEX products_name ON catalog.products USING spgist (name);
CREATE INDEX products_expr ON catalog.products ((price * (1 + tax)), lower(name) COLLATE "C");
ALTER INDEX catalog.products_expr ALTER COLUMN 1 SET STATISTICS 400;
CREATE STATISTICS catalog.products_category_brand (dependencies, ndistinct) ON category, brand FROM catalog.products;
CREATE STATISTICS catalog.products_expressions ON (lower(name)), (price > 100) FROM catalog.products;
ALTER STATISTICS catalog.products_category_brand SET STATISTICS 300;
COMMENT ON STATISTICS catalog.products_category_brand IS 'brands stay in their categories';
COMMENT ON INDEX catalog.products_visible IS 'the shop''s front page';
CREATE TRIGGER touch BEFORE UPDATE ON catalog.products FOR EACH ROW EXECUTE FUNCTION core.touch();
GRANT SELECT ON catalog.products, catalog.categories, catalog.brands TO shop_reader, shop_app;
GRANT INSERT, UPDATE ON catalog.products TO shop_app WITH GRANT OPTION;
CREATE TABLE catalog.prices (
  product bigint NOT NULL REFERENCES catalog.products ON DELETE CASCADE,
  valid daterange NOT NULL,
  kind "char" NOT NULL DEFAULT 'n',
  amount sales.money_amount NOT NULL,
  PRIMARY KEY (product, kind, valid),
  EXCLUDE USING gist (int8range(product, product, '[]') WITH =, valid WITH &&) WHERE (kind = 'n')
);
CREATE TABLE catalog.related (
  product bigint REFERENCES catalog.products ON DELETE CASCADE,
  other bigint REFERENCES catalog.products ON DELETE CASCADE,
  why text,
  PRIMARY KEY (product, other)
);
CREATE TABLE catalog.warehouses (id smallserial PRIMARY KEY, name text UNIQUE NULLS NOT DISTINCT, place point);
CREATE TABLE catalog.stock (
  product bigint NOT NULL REFERENCES catalog.products,
  warehouse smallint NOT NULL REFERENCES catalog.warehouses,
  many int NOT NULL DEFAULT 0,
  reserved core.positive,
  CHECK (many >= coalesce(reserved, 0)),
  PRIMARY KEY (warehouse, product) INCLUDE (many)
) WITH (fillfactor = 50, autovacuum_enabled = on);
CREATE TABLE catalog.stock_moves (
  id bigint GENERATED ALWAYS AS IDENTITY,
  product bigint, warehouse smallint, many int NOT NULL, at timestamptz DEFAULT now(),
  PRIMARY KEY (id),
  FOREIGN KEY (warehouse, product) REFERENCES catalog.stock (warehouse, product) DEFERRABLE INITIALLY IMMEDIATE
);
CREATE RULE move AS ON INSERT TO catalog.stock_moves DO ALSO
  UPDATE catalog.stock SET many = stock.many + NEW.many WHERE product = NEW.product AND warehouse = NEW.warehouse;

-- sales: customers, orders, what is paid.
CREATE TABLE sales.customers (
  id bigint PRIMARY KEY DEFAULT nextval('core.global_id'),
  tenant int NOT NULL DEFAULT core.current_tenant() REFERENCES core.tenants,
  account bigint UNIQUE REFERENCES core.users ON DELETE SET NULL,
  name text NOT NULL,
  mail core.email,
  address sales.address,
  others sales.address[],
  credit money DEFAULT 0,
  born date CHECK (born > '1900-01-01'),
  flags bit(8) NOT NULL DEFAULT B'00000000',
  vat_id text,
  UNIQUE (tenant, id)
);
CREATE UNIQUE INDEX customers_vat ON sales.customers (vat_id) WHERE vat_id IS NOT NULL;
CREATE INDEX "Customers by City" ON sales.customers (((address).city), tenant);
CREATE POLICY tenant ON sales.customers USING (tenant = core.current_tenant());
ALTER TABLE sales.customers ENABLE ROW LEVEL SECURITY;
CREATE TABLE sales.orders (
  id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  tenant int NOT NULL,
  customer bigint NOT NULL,
  state sales.order_state NOT NULL DEFAULT 'cart',
  placed timestamptz,
  ship_to sales.address,
  total sales.money_amount,
  note text,
  meta json,
  replaced_by bigint,
  updated_at timestamptz,
  CONSTRAINT order_of_tenant UNIQUE (tenant, id),
  CONSTRAINT of_customer FOREIGN KEY (tenant, customer) REFERENCES sales.customers (tenant, id) MATCH FULL ON UPDATE CASCADE,
  CONSTRAINT replaced FOREIGN KEY (replaced_by) REFERENCES sales.orders ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT placed_when_paid CHECK (state IN ('cart', 'cancelled') OR placed IS NOT NULL)
);
CREATE INDEX orders_customer ON sales.orders (customer, placed DESC);
CREATE INDEX orders_open ON sales.orders (tenant) WHERE state = ANY ('{placed,paid}'::sales.order_state[]);
CREATE INDEX orders_placed ON sales.orders USING brin (placed timestamptz_bloom_ops (false_positive_rate = 0.02));
CREATE TABLE sales.order_lines (
  tenant int NOT NULL,
  order_id bigint NOT NULL,
  line smallint NOT NULL CHECK (line > 0),
  product bigint NOT NULL REFERENCES catalog.products ON DELETE RESTRICT,
  many core.positive NOT NULL DEFAULT 1,
  price numeric(12, 2) NOT NULL,
  amount numeric GENERATED ALWAYS AS (many * price) STORED,
  PRIMARY KEY (order_id, line),
  FOREIGN KEY (tenant, order_id) REFERENCES sales.orders (tenant, id) ON DELETE CASCADE
);
CREATE FUNCTION sales.sum_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sales.orders o SET total = (SELECT coalesce(sum(l.amount), 0) FROM sales.order_lines l WHERE l.order_id = o.id)
  WHERE o.id IN (SELECT order_id FROM changed);
  RETURN NULL;
END $$;
CREATE TRIGGER sum_insert AFTER INSERT ON sales.order_lines REFERENCING NEW TABLE AS changed EXECUTE FUNCTION sales.sum_up();
CREATE TRIGGER sum_update AFTER UPDATE ON sales.order_lines REFERENCING OLD TABLE AS changed NEW TABLE AS newly EXECUTE FUNCTION sales.sum_up();
CREATE TRIGGER sum_delete AFTER DELETE ON sales.order_lines REFERENCING OLD TABLE AS changed EXECUTE FUNCTION sales.sum_up();
CREATE FUNCTION sales.check_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state = 'placed' AND NOT EXISTS (SELECT FROM sales.order_lines WHERE order_id = NEW.id) THEN
    RAISE check_violation USING MESSAGE = 'an order needs a line';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER has_lines AFTER INSERT OR UPDATE OF state ON sales.orders DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.state <> 'cart') EXECUTE FUNCTION sales.check_order();
CREATE TRIGGER touch BEFORE UPDATE ON sales.orders FOR EACH ROW EXECUTE FUNCTION core.touch();
COMMENT ON TRIGGER has_lines ON sales.orders IS 'at the end of the transaction';
CREATE TABLE sales.payments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  order_id bigint NOT NULL REFERENCES sales.orders,
  amount sales.money_amount NOT NULL,
  method text NOT NULL CHECK (method IN ('card', 'transfer', 'cash')),
  reference xml,
  at timestamptz(3) NOT NULL DEFAULT now(),
  secret bytea
);
CREATE INDEX ON sales.payments (order_id, at);
REVOKE ALL ON sales.payments FROM PUBLIC;
GRANT SELECT (id, order_id, amount, at) ON sales.payments TO shop_app;
CREATE TABLE sales.invoices (
  nr bigint PRIMARY KEY DEFAULT nextval('sales.invoice_numbers'),
  order_id bigint NOT NULL UNIQUE REFERENCES sales.orders ON DELETE NO ACTION,
  lines jsonb NOT NULL,
  issued date NOT NULL DEFAULT CURRENT_DATE,
  due date GENERATED ALWAYS AS (issued + 14) STORED,
  document text
);
ALTER SEQUENCE sales.invoice_numbers OWNED BY sales.invoices.nr;
CREATE TABLE sales.credit_notes (
  nr bigint PRIMARY KEY DEFAULT nextval('sales.invoice_numbers'),
  invoice bigint NOT NULL,
  amount numeric CONSTRAINT negative CHECK (amount < 0)
);
ALTER TABLE sales.credit_notes ADD CONSTRAINT of_invoice FOREIGN KEY (invoice) REFERENCES sales.invoices NOT VALID;
CREATE TABLE sales.coupons (
  code text COLLATE "C" PRIMARY KEY,
  discount numeric(5, 2) NOT NULL,
  used_by bigint[] DEFAULT '{}',
  valid daterange DEFAULT daterange('2024-01-01', NULL),
  prices catalog.price_ranges
);
CREATE TABLE sales.carts (
  customer bigint PRIMARY KEY REFERENCES sales.customers ON DELETE CASCADE,
  contents jsonb NOT NULL DEFAULT '[]',
  coupon text REFERENCES sales.coupons ON UPDATE CASCADE ON DELETE SET NULL
) WITH (fillfactor = 40, autovacuum_vacuum_threshold = 10);
ALTER TABLE sales.carts ALTER COLUMN contents SET COMPRESSION pglz, ALTER COLUMN contents SET STORAGE MAIN;
CREATE TABLE sales.addresses_seen (address sales.address, customer bigint NOT NULL, seen timestamptz NOT NULL);
CREATE UNIQUE INDEX addresses_seen_key ON sales.addresses_seen (customer, seen DESC);
ALTER TABLE sales.addresses_seen REPLICA IDENTITY FULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sales TO shop_app;

-- audit: written by triggers of the others; partitioned.
CREATE TABLE audit.log (
  id bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL DEFAULT now(),
  what regclass NOT NULL,
  who name NOT NULL DEFAULT current_user,
  before jsonb,
  after jsonb,
  PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE audit.log_2023 PARTITION OF audit.log FOR VALUES FROM ('2023-01-01 00:00+00') TO ('2024-01-01 00:00+00');
CREATE TABLE audit.log_2024 PARTITION OF audit.log FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
CREATE TABLE audit.log_rest PARTITION OF audit.log DEFAULT;
CREATE INDEX ON audit.log (what, at);
CREATE FUNCTION audit.record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO audit.log (what, before, after) VALUES (tg_relid,
    CASE WHEN tg_op <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN tg_op <> 'DELETE' THEN to_jsonb(NEW) END);
  RETURN NULL;
END $$;
CREATE TRIGGER zz_audit AFTER INSERT OR UPDATE OR DELETE ON core.users FOR EACH ROW EXECUTE FUNCTION audit.record();
CREATE TRIGGER zz_audit AFTER INSERT OR UPDATE OR DELETE ON sales.orders FOR EACH ROW EXECUTE FUNCTION audit.record();
CREATE TRIGGER zz_audit AFTER INSERT OR UPDATE OR DELETE ON catalog.products FOR EACH ROW EXECUTE FUNCTION audit.record('all');
CREATE TRIGGER zz_audit_off AFTER UPDATE ON sales.customers FOR EACH ROW EXECUTE FUNCTION audit.record();
ALTER TABLE core.users ENABLE ALWAYS TRIGGER zz_audit;
ALTER TABLE catalog.products ENABLE REPLICA TRIGGER zz_audit;
ALTER TABLE sales.customers DISABLE TRIGGER zz_audit_off;
CREATE TABLE audit.truncations (at timestamptz PRIMARY KEY DEFAULT clock_timestamp(), what text);
CREATE FUNCTION audit.truncated() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
  'BEGIN INSERT INTO audit.truncations (what) VALUES (tg_table_schema || ''.'' || tg_table_name); RETURN NULL; END';
CREATE TRIGGER truncated BEFORE TRUNCATE ON sales.payments EXECUTE FUNCTION audit.truncated();
CREATE TRIGGER truncated AFTER TRUNCATE ON sales.carts FOR EACH STATEMENT EXECUTE FUNCTION audit.truncated();
GRANT SELECT ON audit.log, audit.truncations TO shop_auditor;

-- metrics: inheritance, hash partitions, a partition that is partitioned again, an unlogged table.
CREATE TABLE metrics.base (at timestamptz NOT NULL, name text NOT NULL, PRIMARY KEY (at, name));
CREATE TABLE metrics.gauges (value double precision, PRIMARY KEY (at, name)) INHERITS (metrics.base);
CREATE TABLE metrics.counters (value bigint NOT NULL DEFAULT 0, PRIMARY KEY (at, name)) INHERITS (metrics.base);
CREATE TABLE metrics.events (tenant int NOT NULL, id bigint NOT NULL, kind text NOT NULL, body jsonb, PRIMARY KEY (tenant, id, kind))
  PARTITION BY HASH (tenant);
CREATE TABLE metrics.events_0 PARTITION OF metrics.events FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE metrics.events_1 PARTITION OF metrics.events FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY LIST (kind);
CREATE TABLE metrics.events_1_click PARTITION OF metrics.events_1 FOR VALUES IN ('click', 'tap');
CREATE TABLE metrics.events_1_rest PARTITION OF metrics.events_1 DEFAULT;
CREATE UNLOGGED TABLE metrics.cache (key text PRIMARY KEY, value bytea);
CREATE TABLE metrics.no_key (at timestamptz, value real);
CREATE TABLE metrics.samples (
  sensor int, at timestamp, value real, quality smallint DEFAULT 0, raw bytea,
  PRIMARY KEY (at, sensor)
);
CREATE INDEX samples_sensor ON metrics.samples (sensor, at DESC) WITH (fillfactor = 90, deduplicate_items = off);
ALTER TABLE metrics.samples CLUSTER ON samples_sensor;
CREATE TYPE metrics.point_type AS (id int, name text);
CREATE TABLE metrics.points OF metrics.point_type (PRIMARY KEY (id));

-- jobs: a queue.
CREATE TABLE jobs.queues (name text PRIMARY KEY, paused boolean NOT NULL DEFAULT false);
CREATE TABLE jobs.jobs (
  id bigserial PRIMARY KEY,
  queue text NOT NULL DEFAULT 'default' REFERENCES jobs.queues ON UPDATE CASCADE,
  payload jsonb NOT NULL,
  run_at timestamptz NOT NULL DEFAULT now(),
  attempts smallint NOT NULL DEFAULT 0,
  after_job bigint REFERENCES jobs.jobs ON DELETE CASCADE,
  owner name DEFAULT session_user
) WITH (autovacuum_vacuum_scale_factor = 0.001, autovacuum_vacuum_cost_delay = 0, fillfactor = 60);
CREATE INDEX jobs_next ON jobs.jobs (queue, run_at) WHERE attempts < 5;
CREATE FUNCTION jobs.wake() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_notify(''jobs'', NEW.queue); RETURN NULL; END';
CREATE TRIGGER wake AFTER INSERT ON jobs.jobs FOR EACH ROW WHEN (NEW.run_at <= now()) EXECUTE FUNCTION jobs.wake();
CREATE TABLE jobs.runs (
  job bigint, attempt smallint, host inet, started timestamptz, took interval, error text,
  PRIMARY KEY (job, attempt), FOREIGN KEY (job) REFERENCES jobs.jobs ON DELETE CASCADE
);
CREATE PROCEDURE jobs.purge(older interval DEFAULT '30 days') BEGIN ATOMIC
  DELETE FROM jobs.runs r USING jobs.jobs j WHERE j.id = r.job AND j.run_at < now() - older;
  DELETE FROM jobs.jobs WHERE run_at < now() - older;
END;
CREATE FUNCTION jobs.waiting(which text = 'default') RETURNS bigint STABLE PARALLEL SAFE
  BEGIN ATOMIC SELECT count(*) FROM jobs.jobs WHERE queue = which AND attempts < 5; END;

-- What came from the program before: names as they should not be.
CREATE TABLE "Legacy Data"."Order" (
  "ID" int PRIMARY KEY, "select" text, "Customer Name" text DEFAULT 'n/a', "group" int, "%" numeric, "a.b" text, "ü" text, """" int,
  CONSTRAINT "check me!" CHECK ("group" > 0 OR "select" IS NULL));
CREATE INDEX "Order(Customer)" ON "Legacy Data"."Order" ("Customer Name", """") WHERE "a.b" <> 'x;--';
CREATE VIEW "Legacy Data"."View" AS SELECT "ID", "select" AS "from", "Order"."a.b" FROM "Legacy Data"."Order" WHERE "%" > 0 WITH LOCAL CHECK OPTION;
CREATE TABLE "Legacy Data".a_table_with_a_name_that_is_much_too_long_for_its_own_good_01 (
  a_column_with_a_name_that_is_much_too_long_for_its_own_good_001 int PRIMARY KEY,
  a_column_with_a_name_that_is_much_too_long_for_its_own_good_002 text UNIQUE);
CREATE TABLE "Legacy Data".a_table_with_a_name_that_is_much_too_long_for_its_own_good_02 (
  LIKE "Legacy Data".a_table_with_a_name_that_is_much_too_long_for_its_own_good_01 INCLUDING ALL);
CREATE TABLE "Legacy Data".orders (id bigint PRIMARY KEY, moved_to bigint REFERENCES sales.orders);
CREATE TABLE "Legacy Data".only_a_key (id uuid PRIMARY KEY);
CREATE TABLE "Legacy Data".whole_rows (id int PRIMARY KEY, v text, CHECK (whole_rows IS NOT NULL));
CREATE TABLE "Legacy Data".typed_by (id int PRIMARY KEY, was "Legacy Data".only_a_key);
CREATE FUNCTION "Legacy Data".key_of(one "Legacy Data".only_a_key) RETURNS uuid LANGUAGE sql AS 'SELECT one.id';

-- Views, materialized views and functions over several of them.
CREATE VIEW sales.my_orders WITH (security_barrier) AS
  SELECT o.id, o.state, o.placed, o.total FROM sales.orders o WHERE o.tenant = core.current_tenant() WITH CASCADED CHECK OPTION;
ALTER VIEW sales.my_orders ALTER COLUMN state SET DEFAULT 'placed';
CREATE VIEW sales.order_details WITH (security_invoker) AS
  SELECT o.*, c.name AS customer_name, (c.address).city,
    ARRAY(SELECT p.name FROM sales.order_lines l JOIN catalog.products p ON p.id = l.product WHERE l.order_id = o.id ORDER BY l.line) AS products
  FROM sales.orders o JOIN sales.customers c ON c.id = o.customer;
CREATE VIEW reports.by_product AS
  SELECT p.id, p.name, p.price, count(l.line) AS sold, rank() OVER (PARTITION BY p.category ORDER BY count(*) DESC) AS place
  FROM catalog.products p LEFT JOIN sales.order_lines l ON l.product = p.id GROUP BY p.id;
CREATE VIEW reports.best AS SELECT * FROM reports.by_product WHERE place <= 3;
CREATE RECURSIVE VIEW catalog.category_tree (id, name, depth) AS
  SELECT id, name, 0 FROM catalog.categories WHERE parent IS NULL
  UNION ALL SELECT c.id, c.name, t.depth + 1 FROM catalog.categories c JOIN category_tree t ON c.parent = t.id;
CREATE VIEW core.active_users AS SELECT u.id, u.mail, t.name AS tenant FROM core.users u JOIN core.tenants t ON t.id = u.tenant WHERE u.status = 'active';
CREATE FUNCTION core.write_active_user() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN UPDATE core.users SET mail = NEW.mail WHERE id = OLD.id; RETURN NEW; END';
CREATE TRIGGER instead INSTEAD OF UPDATE ON core.active_users FOR EACH ROW EXECUTE FUNCTION core.write_active_user();
CREATE RULE close AS ON DELETE TO core.active_users DO INSTEAD UPDATE core.users SET status = 'closed' WHERE id = OLD.id;
CREATE MATERIALIZED VIEW reports.daily AS
  SELECT o.tenant, o.placed::date AS day, count(*) AS orders, sum(o.total) AS total FROM sales.orders o WHERE o.placed IS NOT NULL GROUP BY 1, 2;
CREATE UNIQUE INDEX daily_key ON reports.daily (tenant, day) INCLUDE (total);
CREATE INDEX daily_total ON reports.daily (total DESC) WHERE orders > 10;
CREATE MATERIALIZED VIEW reports.monthly WITH (fillfactor = 90) AS
  SELECT tenant, date_trunc('month', day) AS month, sum(total) AS total FROM reports.daily GROUP BY 1, 2 WITH NO DATA;
CREATE VIEW reports.months AS SELECT DISTINCT month FROM reports.monthly;
CREATE MATERIALIZED VIEW reports.best_kept AS SELECT id, name FROM reports.best;
ALTER MATERIALIZED VIEW reports.daily ALTER COLUMN day SET STATISTICS 500;
COMMENT ON MATERIALIZED VIEW reports.daily IS 'refreshed at night';
COMMENT ON INDEX reports.daily_key IS 'for REFRESH CONCURRENTLY';
COMMENT ON COLUMN reports.by_product.place IS 'within the category';
CREATE FUNCTION sales.open_orders(which int) RETURNS TABLE (id bigint, total numeric) STABLE SECURITY DEFINER SET search_path = pg_catalog
  BEGIN ATOMIC SELECT o.id, o.total FROM sales.orders o WHERE o.tenant = which AND o.state IN ('placed', 'paid') ORDER BY o.id; END;
CREATE FUNCTION sales.turnover(OUT total numeric, OUT many bigint) BEGIN ATOMIC SELECT sum(total), count(*) FROM reports.daily, jobs.queues; END;
CREATE FUNCTION sales.product_name(which bigint) RETURNS text LANGUAGE plpgsql AS
  'DECLARE one catalog.products%ROWTYPE; BEGIN SELECT * INTO one FROM catalog.products WHERE id = which; RETURN one.name; END';
COMMENT ON FUNCTION sales.open_orders(int) IS 'those to be shipped';
REVOKE EXECUTE ON FUNCTION sales.open_orders FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sales.open_orders TO shop_app;
GRANT SELECT ON sales.my_orders, sales.order_details, reports.daily TO shop_app;
GRANT SELECT ON reports.by_product, reports.best, catalog.category_tree TO shop_reader WITH GRANT OPTION;
GRANT UPDATE (state), INSERT (state) ON sales.my_orders TO shop_app;

-- Policies that read other tables.
CREATE POLICY by_order ON sales.order_lines USING (EXISTS (SELECT FROM sales.orders o WHERE o.id = order_id AND o.tenant = core.current_tenant()));
CREATE POLICY by_group ON sales.payments FOR SELECT TO shop_app USING (
  (SELECT count(*) FROM core.members m JOIN core.group_permissions g USING (tenant, group_id) WHERE g.permission = 'payments') > 0);
ALTER TABLE sales.order_lines ENABLE ROW LEVEL SECURITY;
ALTER TABLE sales.payments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT SELECT ON TABLES TO shop_reader;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO shop_app;
RESET ROLE;

-- Of other owners: an application's own views and table.
SET ROLE shop_app;
CREATE VIEW reports.cheap AS SELECT id, name, gross FROM catalog.products WHERE gross < 10;
CREATE TABLE reports.runs (at timestamptz PRIMARY KEY, name text NOT NULL, rows bigint);
GRANT INSERT ON catalog.products TO shop_auditor;
RESET ROLE;

GRANT CREATE ON DATABASE :"DBNAME" TO shop_owner;
SET ROLE shop_owner;
CREATE PUBLICATION orders_out FOR TABLE sales.orders, sales.order_lines (tenant, order_id, line, product, many, price) WITH (publish = 'insert, update');
CREATE PUBLICATION products_out FOR TABLE catalog.products WHERE (id > 0), catalog.brands WITH (publish = 'insert');
RESET ROLE;
CREATE PUBLICATION whole_schema FOR TABLES IN SCHEMA jobs;

CREATE FUNCTION core.ddl_seen() RETURNS event_trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM count(*) FROM pg_event_trigger_ddl_commands(); END';
CREATE EVENT TRIGGER shop_ddl ON ddl_command_end EXECUTE FUNCTION core.ddl_seen();
