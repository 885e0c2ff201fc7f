-- A prepared point select after each SET, which gives one of two values: connections are shared by sessions that differ.
sysbench.cmdline.options = {
  table_size = {"Number of rows of sbtest1", 10000},
}

local connection, statement, id
local large = false

function thread_init()
  connection = sysbench.sql.driver():connect()
  statement = connection:prepare("SELECT c FROM sbtest1 WHERE id=?")
  id = statement:bind_create(sysbench.sql.type.INT)
  statement:bind_param(id)
end

function event()
  large = not large
  connection:query("SET SESSION group_concat_max_len=" .. (large and 4096 or 2048))
  id:set(sysbench.rand.uniform(1, sysbench.opt.table_size))
  statement:execute()
end

function thread_done()
  statement:close()
  connection:disconnect()
end
