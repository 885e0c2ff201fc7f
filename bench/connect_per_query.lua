-- A client that connects, asks once and leaves: what old PHP does. sysbench 1.0.20 has no --reconnect.
sysbench.cmdline.options = {
  table_size = {"Number of rows of sbtest1", 10000},
}

local driver

function thread_init()
  driver = sysbench.sql.driver()
end

function event()
  local connection = driver:connect()
  connection:query("SELECT c FROM sbtest1 WHERE id=" .. sysbench.rand.uniform(1, sysbench.opt.table_size))
  connection:disconnect()
end
