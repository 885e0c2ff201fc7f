-- One row per transaction, with an id that the server makes.
sysbench.cmdline.options = {
  table_size = {"Number of rows of sbtest1", 10000},
}

local connection

function prepare()
  local owner = sysbench.sql.driver():connect()
  owner:query("CREATE TABLE IF NOT EXISTS inserted (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, c CHAR(60) NOT NULL)")
  owner:disconnect()
end

function thread_init()
  connection = sysbench.sql.driver():connect()
end

function event()
  connection:query("INSERT INTO inserted (c) VALUES ('" .. string.rep("x", 60) .. "')")
end

function thread_done()
  connection:disconnect()
end
