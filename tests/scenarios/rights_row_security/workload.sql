SET ROLE scn_clerk;
SET search_path = pg_catalog;
SET row_security = on;
INSERT INTO public.accounts VALUES (101, 'scn_clerk', 0), (102, 'scn_clerk', 0);
UPDATE public.accounts SET balance = balance + 1, note = 'clerk';
DELETE FROM public.accounts WHERE id < 20;
SELECT public.tried('INSERT INTO public.accounts VALUES (103, ''scn_clerk'', 9)') \g /dev/null
RESET ROLE;
SET ROLE scn_reader;
SET search_path = '';
UPDATE public.accounts SET balance = balance + 2 WHERE id > 30;
INSERT INTO public.accounts (id, holder, balance) VALUES (104, 'scn_reader', 0);
