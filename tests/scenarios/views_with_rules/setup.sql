-- Views with rules, which write into the table and elsewhere.
SET ROLE scn_owner;
CREATE TABLE accounts (id int PRIMARY KEY, owner text, balance int NOT NULL DEFAULT 0);
CREATE TABLE book (nr serial PRIMARY KEY, account int, what text);
INSERT INTO accounts SELECT g, 'owner ' || g % 5, g * 10 FROM generate_series(1, 30) g;
CREATE VIEW rich AS SELECT id, owner, balance FROM accounts WHERE balance > 100;
CREATE RULE ins AS ON INSERT TO rich DO INSTEAD
  INSERT INTO accounts VALUES (NEW.id, NEW.owner, NEW.balance) RETURNING id, owner, balance;
CREATE RULE ins_log AS ON INSERT TO rich DO ALSO INSERT INTO book (account, what) VALUES (NEW.id, 'in');
CREATE RULE upd AS ON UPDATE TO rich DO INSTEAD
  UPDATE accounts SET balance = NEW.balance WHERE accounts.id = OLD.id AND accounts.owner <> 'owner 1';
CREATE RULE del AS ON DELETE TO rich WHERE OLD.balance > 250 DO INSTEAD NOTHING;
CREATE RULE del_else AS ON DELETE TO rich DO INSTEAD DELETE FROM accounts WHERE id = OLD.id AND balance <= 250;
COMMENT ON RULE upd ON rich IS 'not of the first';
COMMENT ON RULE "_RETURN" ON rich IS 'the view itself';
RESET ROLE;
