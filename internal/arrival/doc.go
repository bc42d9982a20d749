// Package arrival says when the bytes that a TCP connection brought came, which is before anybody reads them: they
// wait in the kernel while processors are busy. Linux alone says it (TCP_INFO, tcpi_last_data_recv: tcp(7)).
package arrival
