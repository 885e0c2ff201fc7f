create table c (id int primary key, l varchar(30) character set latin1, g varchar(30) character set gbk, s varchar(30) character set sjis, u varchar(30) character set utf8mb4, b varbinary(60)) default charset utf8mb4
insert into c values (1, 'äöü', '中文', '日本', '😀', 'äöü')
select * from c
set names latin1
select * from c
select 'x', charset('x'), collation('x'), @@character_set_connection
insert into c values (2, x'e4', x'd6d0', x'93fa', x'f09f9880', x'00')
select hex(l), hex(g), hex(s), hex(u), hex(b) from c order by id
set names gbk
select g, u from c order by id
set names sjis
select s, u from c order by id
set names utf8mb4 collate utf8mb4_bin
select 'a' = 'A', collation('a'), 'ss' = 'ß'
select u from c where u = '😀'
set character_set_results = null
select l, g, u from c order by id
set character_set_results = utf16
select 'wide'
set character_set_results = binary
select l, g from c order by id
set names utf8mb4
set character set latin1
select @@character_set_client, @@character_set_connection, @@collation_connection, @@character_set_results
set collation_connection = utf8mb4_unicode_ci
select 'a' = 'ä', collation('a'), 'Straße' = 'strasse'
select _latin1'a' collate utf8mb4_bin
select 'a' collate latin1_bin
select _utf8mb4'ä' collate utf8mb4_german2_ci = 'ae'
set names nonsense
set names utf16
set character_set_client = utf16
set names default
select convert('ä' using ascii), convert(x'fffe' using utf8mb4)
select 'a\'b', "double", 'line\nfeed', 'nul\0', 'per\%cent'
set sql_mode = 'NO_BACKSLASH_ESCAPES'
select 'a\b', '\', 'it''s'
set sql_mode = 'ANSI_QUOTES'
select "id" from c order by id limit 1
select "no such column"
set sql_mode = default
show variables like 'character%'
show variables like 'collation%'
!prepared select ?, charset(?) |> ["ä😀", "x"]
!reset
select @@character_set_client, @@collation_connection, @@sql_mode
