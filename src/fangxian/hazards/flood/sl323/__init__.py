"""SL 323: the real-time rain and water tables (实时雨水情数据库) in and out, without loss."""
