-- A client that connects, says what drivers say first, asks once and leaves.
sysbench.cmdline.options = {
  table_size = {"Number of rows of sbtest1", 10000},
}

local driver

function thread_init()
  driver = sysbench.sql.driver()
end

function event()
  local connection = driver:connect()
  connection:query("SET NAMES utf8mb4")
  connection:query("SET autocommit=1")
  connection:query("SELECT @@max_allowed_packet")
  connection:query("SELECT c FROM sbtest1 WHERE id=" .. sysbench.rand.uniform(1, sysbench.opt.table_size))
  connection:disconnect()
end
