#!/usr/bin/perl
# The driver contract (see test_drivers.py) through DBI. usage: driver_perl.pl HOST PORT TABLE BLOB_FILE mysql|MariaDB
use strict;
use warnings;
use utf8;
use DBI;
binmode STDOUT, ':encoding(UTF-8)';
my ($host, $port, $table, $blob_file, $driver) = @ARGV;
my $prefix = lc $driver;
my %options = (RaiseError => 1, PrintError => 0, AutoCommit => 1);
$options{mysql_enable_utf8mb4} = 1 if $driver eq 'mysql';
my $db = DBI->connect("DBI:$driver:database=test;host=$host;port=$port;${prefix}_server_prepare=1", 'app', 'app-secret', \%options);
my $primary = '/* holdfast: primary */';
print 'select=', $db->selectrow_array('select 1 + 1'), "\n";
my $rows = $db->do("insert into $table (t) values ('a'), ('b')");
print "insert=$rows ", $db->last_insert_id(undef, undef, undef, undef), "\n";
$db->prepare("insert into $table (i, d, t, n, w) values (?, ?, ?, ?, ?)")->execute(
  '9007199254740993', '12.50', 'ä€😀', undef, '2024-02-29 12:34:56');
my $read = $db->prepare("$primary select i, d, t, n, w from $table where i = ?");
$read->execute('9007199254740993');
print 'prepared=', join('|', map { defined $_ ? $_ : 'NULL' } $read->fetchrow_array), "\n";
$read->finish;
for my $kept (0, 1) {
  $db->begin_work;
  $db->do("insert into $table (t) values (?)", undef, $kept ? 'kept' : 'gone');
  $kept ? $db->commit : $db->rollback;
}
print 'transaction=', $db->selectrow_array("$primary select group_concat(t) from $table where t in ('gone', 'kept')"), "\n";
print 'unicode=', $db->selectrow_array("select 'ä€😀'"), "\n";
open my $file, '<:raw', $blob_file or die;
my $blob = do { local $/; <$file> };
my $store = $db->prepare("insert into $table (b) values (?)");
$store->bind_param(1, $blob, DBI::SQL_BLOB());
$store->execute;
my ($got) = $db->selectrow_array("$primary select b from $table where b is not null");
print 'blob=', length $got, ' ', ($got eq $blob ? 'same' : 'different'), "\n";
eval { $db->do('select * from no_such_table'); 1 } and die 'no error';
print 'error=', $db->err, ' ', $db->state, "\n";
print 'after=', $db->selectrow_array("select 'alive'"), "\n";
$db->disconnect;
